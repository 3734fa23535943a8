// An OpenID provider in the shape of Google's, on a loopback port it prints as JSON once it listens.
// The one argument is JSON: {clientId, clientSecret, callback}.
//
// POST /test/account {sub, email, email_verified, name, answersItself, denies} chooses who answers
// the page. Everything else is oidc-provider's own, PKCE included.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { clientId, clientSecret, callback } = JSON.parse(process.argv[2]);
let account = {
  sub: '1', email: 'ada@example.com', email_verified: true, name: 'Ada', answersItself: true,
};
const accounts = new Map();

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration());
  const serve = provider.callback();
  server.on('request', (req, res) => {
    if (req.url === '/test/account') return choose(req, res);
    if (req.url.startsWith('/interaction/')) return interact(provider, req, res);
    return serve(req, res);
  });
  console.log(JSON.stringify({ issuer }));
});
// The test is gone when its end of the pipe is.
process.stdin.on('end', () => process.exit(0)).resume();

function configuration() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' };
  jwk.kid = createHash('sha256').update(jwk.n).digest('hex').slice(0, 16);
  return {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [callback],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    jwks: { keys: [jwk] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    pkce: { required: () => true },
    // As Google does: the ID token itself tells the address.
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => accounts.get(sub) }),
    renderError: (ctx, out) => {
      ctx.type = 'text/plain';
      ctx.body = `${out.error}: ${out.error_description}`;
    },
  };
}

async function choose(req, res) {
  account = JSON.parse(await text(req));
  res.writeHead(204).end();
}

async function interact(provider, req, res) {
  const details = await provider.interactionDetails(req, res);
  const sent = req.method === 'POST';
  if (!account.answersItself && !account.denies && !sent) {
    res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    res.end('<!doctype html><html lang="en"><title>Sign in</title><h1>Sign in</h1>'
      + '<form method="post"><button name="answer" value="yes">Continue</button>'
      + '<button name="answer" value="no">Cancel</button></form></html>');
    return;
  }
  const denies = account.denies || (sent && !(await text(req)).includes('answer=yes'));
  const result = denies
    ? { error: 'access_denied', error_description: 'The person said no.' }
    : await agree(provider, details);
  await provider.interactionFinished(req, res, result);
}

async function agree(provider, { params }) {
  const { answersItself, denies, ...claims } = account;
  accounts.set(claims.sub, claims);
  const grant = new provider.Grant({ accountId: claims.sub, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return { login: { accountId: claims.sub }, consent: { grantId: await grant.save() } };
}

async function text(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts).toString();
}
