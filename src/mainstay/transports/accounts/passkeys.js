'use strict';
// Passkeys: asks the browser with what stands in a form, and sends the form with what the browser answers.
(() => {
  const show = (name, shown) => document.querySelectorAll(`[data-${name}-passkeys]`).forEach(part => {
    part.hidden = !shown;
  });
  if (location.origin !== document.currentScript.dataset.site) {
    show('lacks', false);
    show('elsewhere', true);
    return;
  }
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = text => Uint8Array.from(
    atob(text.replace(/-/g, '+').replace(/_/g, '/')), letter => letter.charCodeAt(0));
  const text = buffer => btoa(Array.from(new Uint8Array(buffer), byte => String.fromCharCode(byte)).join(''))
    .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const listed = keys => (keys || []).map(key => ({...key, id: bytes(key.id)}));

  const problems = {
    AbortError: 'Nothing was shown. Try again.',
    NotAllowedError: 'Nothing was shown, or it took too long. Try again.',
    InvalidStateError: 'This device has a passkey for this account already.',
    NotSupportedError: 'This device cannot keep a passkey for this server.',
    SecurityError: 'Passkeys work at the server\'s own address only. Open this page there.',
  };

  const asked = {
    create: async options => {
      const made = await navigator.credentials.create({publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: {...options.user, id: bytes(options.user.id)},
        excludeCredentials: listed(options.excludeCredentials),
      }});
      return [made, {attestationObject: text(made.response.attestationObject)}];
    },
    get: async options => {
      const shown = await navigator.credentials.get({publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        allowCredentials: listed(options.allowCredentials),
      }});
      const {authenticatorData, signature, userHandle} = shown.response;
      const said = {authenticatorData: text(authenticatorData), signature: text(signature)};
      return [shown, userHandle ? {...said, userHandle: text(userHandle)} : said];
    },
  };

  const start = async form => {
    const button = form.querySelector('button'), problem = form.querySelector('[role=alert]');
    button.disabled = true;
    problem.hidden = true;
    try {
      const [key, said] = await asked[form.dataset.passkey](JSON.parse(form.dataset.options));
      form.elements.credential.value = JSON.stringify({
        id: key.id,
        rawId: text(key.rawId),
        type: key.type,
        response: {clientDataJSON: text(key.response.clientDataJSON), ...said},
        clientExtensionResults: {},
      });
      form.submit();
    } catch (failure) {
      problem.textContent = problems[failure.name] || 'The browser could not use a passkey. Try again.';
      problem.hidden = false;
      button.disabled = false;
      button.focus();
    }
  };

  show('needs', true);
  show('lacks', false);
  document.querySelectorAll('form[data-passkey]').forEach(form => {
    form.hidden = false;
    form.addEventListener('submit', event => { event.preventDefault(); start(form); });
    if ('now' in form.dataset) start(form);
  });
})();
