// An OpenID provider and authorization server for the end-to-end tests: npm's oidc-provider, in memory. Tests say who its
// people are, and its interactions log in whoever the address of the request names.
//
//   PORT                            where it listens, on 127.0.0.1
//   PUT  /test/accounts/<login>     the claims of somebody, as JSON
//   POST /test/rotate               other keys; the old ones are gone
//   GET  /test/seen                 what it was asked: the PKCE method and the parameters of each request
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

import Provider, { errors } from 'oidc-provider'

const port = Number(process.env.PORT)
const issuer = `http://127.0.0.1:${port}`
const accounts = new Map()
const seen = []
// An API that access tokens are for, with the name of the client that gets them: so its ID tokens have the same audience.
const api = 'urn:tenon:api'
const apiScopes = 'tasks:read profile:read'

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' }
}

function provider() {
  const made = new Provider(issuer, {
    clients: [
      {
        client_id: 'tenon',
        client_secret: 'a secret for the tests',
        redirect_uris: ['https://tenon.example/api/v1/auth/oidc/corp/callback'],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
      {
        client_id: api,
        client_secret: 'a secret for the tests',
        token_endpoint_auth_method: 'client_secret_post',
        redirect_uris: ['https://program.example/callback'],
        grant_types: ['authorization_code', 'client_credentials'],
        response_types: ['code'],
      },
    ],
    scopes: ['openid', 'email', 'profile', 'groups'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    // Claims are asked for at the user info endpoint, unless a test wants them in the ID token.
    conformIdTokenClaims: process.env.CLAIMS_IN_ID_TOKEN !== 'yes',
    pkce: { methods: ['S256'], required: () => true },
    cookies: { keys: [randomUUID()] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => {
          if (resource !== api) throw new errors.InvalidTarget()
          return { scope: apiScopes, accessTokenFormat: 'jwt' }
        },
      },
    },
    // Whom an access token is about: a person, or a program that the tests know by the name of its client.
    extraTokenClaims: (_, token) => accounts.get(token.accountId ?? token.clientId),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    jwks: { keys: [signingKey()] },
    findAccount: (_, login) =>
      accounts.has(login)
        ? { accountId: login, claims: () => ({ sub: login, ...accounts.get(login) }) }
        : undefined,
    // Everybody agrees to everything.
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc
      const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId })
      grant.addOIDCScope('openid email profile groups')
      grant.addResourceScope(api, apiScopes)
      await grant.save()
      return grant
    },
  })
  // The servers under test listen on ports that nobody knows before.
  made.Client.prototype.redirectUriAllowed = () => true
  const note = (what) => (ctx) => {
    const { code_challenge_method: method, ...parameters } = ctx.oidc.params
    const names = Object.keys(parameters).filter((name) => parameters[name] !== undefined)
    seen.push({ what, method: method ?? null, names })
  }
  made.on('authorization.accepted', note('authorization'))
  made.on('grant.success', note('token'))
  return made
}

let current = provider()
let handle = current.callback()

async function body(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString() || 'null')
}

function answer(response, value) {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

async function control(request, response, url) {
  const [, , what, login] = url.pathname.split('/')
  if (request.method === 'PUT' && what === 'accounts') {
    accounts.set(decodeURIComponent(login), await body(request))
    return answer(response, {})
  }
  if (request.method === 'POST' && what === 'rotate') {
    current = provider()
    handle = current.callback()
    return answer(response, {})
  }
  if (what === 'seen') return answer(response, seen)
  response.writeHead(404).end()
}

createServer((request, response) => {
  const url = new URL(request.url, issuer)
  const served = async () => {
    if (url.pathname.startsWith('/test/')) return control(request, response, url)
    if (url.pathname.startsWith('/interaction/')) {
      const login = url.searchParams.get('login')
      const result = accounts.has(login)
        ? { login: { accountId: login } }
        : { error: 'access_denied', error_description: 'nobody of this name' }
      return current.interactionFinished(request, response, result)
    }
    return handle(request, response)
  }
  served().catch((error) => {
    console.error(error)
    response.writeHead(500).end()
  })
}).listen(port, '127.0.0.1', () => console.log(`listening at ${issuer}`))
