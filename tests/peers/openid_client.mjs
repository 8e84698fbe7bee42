// Does what an OpenID Connect client does, by openid-client. The test plays the browser: it reads a line
// of JSON for each step, and writes the address to which the browser came back.
import { createInterface } from 'node:readline'
import * as client from 'openid-client'

const heard = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const hear = async () => (await heard.next()).value
const tell = (step, told) => console.log(JSON.stringify({ step, told }))

const { issuer, id, secret, back, scope } = JSON.parse(await hear())
const proof = secret === null ? client.None() : client.ClientSecretBasic(secret)
const insecure = { execute: [client.allowInsecureRequests] } // loopback, without TLS
const config = await client.discovery(new URL(issuer), id, undefined, proof, insecure)
client.enableNonRepudiationChecks(config) // check the signatures of ID tokens too

const verifier = client.randomPKCECodeVerifier()
const checks = {
  pkceCodeVerifier: verifier,
  expectedNonce: client.randomNonce(),
  expectedState: client.randomState(),
  idTokenExpected: true,
  maxAge: 300,
}
const asked = client.buildAuthorizationUrl(config, {
  redirect_uri: back,
  scope,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  nonce: checks.expectedNonce,
  state: checks.expectedState,
  max_age: String(checks.maxAge),
})
tell('authorize', asked.href)
const tokens = await client.authorizationCodeGrant(config, new URL(await hear()), checks)
const claims = tokens.claims()
tell('claims', claims)
tell('userinfo', await client.fetchUserInfo(config, tokens.access_token, claims.sub))

const renewed = await client.refreshTokenGrant(config, tokens.refresh_token)
tell('renewed', { other: renewed.refresh_token !== tokens.refresh_token, sub: renewed.claims().sub })
if (secret !== null) {
  tell('introspected', await client.tokenIntrospection(config, renewed.access_token))
  const own = await client.clientCredentialsGrant(config, { scope: 'jobs:read' })
  tell('own', await client.tokenIntrospection(config, own.access_token))
}
const resource = new URL('/v1/me', issuer)
const ask = async (token) => (await client.fetchProtectedResource(config, token, resource, 'GET')).status
const refused = (error) => error.status ?? error.error
tell('used', await ask(renewed.access_token))
await client.tokenRevocation(config, renewed.access_token)
tell('revoked', await ask(renewed.access_token).catch(refused))

const out = { post_logout_redirect_uri: back, id_token_hint: renewed.id_token, state: 'out' }
tell('logout', client.buildEndSessionUrl(config, out).href)
await hear()
tell('ended', await client.refreshTokenGrant(config, renewed.refresh_token).catch(refused))
process.exit(0)
