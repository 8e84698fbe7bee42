// A SAML identity provider (samlify): reads a request as JSON, answers with a signed response in base 64.
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import samlify from 'samlify';

samlify.setSchemaValidator({ validate: async () => 'ok' });
const asked = JSON.parse(await text(process.stdin));
const at = (seconds) => new Date(asked.now_ms + 1000 * seconds).toISOString();
const statement =
  `<saml:AuthnStatement AuthnInstant="${at(0)}"><saml:AuthnContext><saml:AuthnContextClassRef>` +
  'urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>';
const provider = samlify.IdentityProvider({
  entityID: asked.entity_id,
  signingCert: asked.certificate,
  privateKey: asked.key,
  requestSignatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  nameIDFormat: ['urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'],
  singleSignOnService: [
    { Binding: samlify.Constants.namespace.binding.redirect, Location: asked.sign_in_url },
  ],
  loginResponseTemplate: {
    context: samlify.SamlLib.defaultLoginResponseTemplate.context.replace('{AuthnStatement}', statement),
    attributes: [
      { name: 'groups', valueTag: 'group', nameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic', valueXsiType: 'xs:string' },
    ],
  },
});
const service = samlify.ServiceProvider({ metadata: asked.service, wantMessageSigned: asked.both });
const login = await provider.parseLoginRequest(service, 'redirect', { query: { SAMLRequest: asked.request } });
const id = () => `_${randomBytes(20).toString('hex')}`;
const { context } = await provider.createLoginResponse(service, login, 'post', { email: asked.name }, (template) => {
  const response = id();
  const acs = service.entityMeta.getAssertionConsumerService('post');
  return {
    id: response,
    context: samlify.SamlLib.replaceTagsByValue(template, {
      ID: response,
      AssertionID: id(),
      Destination: acs,
      SubjectRecipient: acs,
      Audience: service.entityMeta.getEntityID(),
      Issuer: asked.entity_id,
      IssueInstant: at(0),
      StatusCode: 'urn:oasis:names:tc:SAML:2.0:status:Success',
      ConditionsNotBefore: at(-5),
      ConditionsNotOnOrAfter: at(300),
      SubjectConfirmationDataNotOnOrAfter: at(300),
      NameIDFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
      NameID: asked.name,
      InResponseTo: login.extract.request.id,
      attrGroup: asked.group,
    }),
  };
});
console.log(JSON.stringify({ response: context, metadata: provider.getMetadata(), issuer: login.extract.issuer }));
