/**
 * Authorization servers in one table: the differences of each from `generic`. Other behavior is that of `generic`,
 * since no record of it is available. "Observed" refers to responses of running servers, or public records of them.
 */
import { type Behavior, generic, type Paths, type Situation, type Written } from "./behavior.js"

/** Differences from `generic`, of a server or of a test. */
type Difference =
  & { readonly [Name in Exclude<keyof Behavior, "paths" | "errorResponses">]?: Behavior[Name] | undefined }
  & {
    readonly paths?: { readonly [Name in keyof Paths]?: Paths[Name] | undefined } | undefined
    readonly errorResponses?: { readonly [Name in Situation]?: Written | undefined } | undefined
  }

export type Options = Difference

const either = ["client_secret_basic", "client_secret_post"] as const

/** The endpoints of a server without further public endpoints. */
const tokenOnly = { revocation: null, introspection: null, metadata: [] } as const

/** Error responses for a wrong credential that are written in the same way. */
const credentials = (written: Written) => ({ unknownClient: written, wrongCredential: written, otherMethod: written })

const table = {
  /** Exactly the standards. */
  generic: {},

  auth0: {
    // auth0.com/docs/api/authentication: issuer with a slash at its end, JSON or form, audience of assertions.
    paths: {
      issuer: "/",
      token: "/oauth/token",
      revocation: "/oauth/revoke",
      introspection: null,
      metadata: ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
    },
    // Its revocation endpoint is for refresh tokens; "or token was already invalid" for others.
    revocation: "ignored",
    jwtProfile: "auth0",
    requestFormat: "any",
    // auth0.com/docs, authenticate-with-private-key-jwt: at most 5 minutes, a skew of 10 seconds, keys of RSA. The three
    // algorithms for them are general knowledge.
    assertionAudiences: ["issuer"],
    assertionLife: "5 minutes",
    assertionAlgorithms: ["RS256", "RS384", "PS256"],
    accessTokens: "jwt",
    // The scopes of the client grant, where a request states none.
    missingScope: "all",
    target: "audience",
    missingTarget: "rejected",
    // Observed: quotas by UTC hours and days, in a header of each response.
    limitWindow: "UTC day",
    quotaHeader: "auth0-client-quota-limit",
    organizationQuotaHeader: "auth0-organization-quota-limit",
    errorResponses: {
      // Observed: wrong, unknown and replaced secrets alike.
      ...credentials({ status: 401, error: "access_denied", description: "Unauthorized" }),
      // Public records of troubleshooting guides.
      noTarget: {
        status: 403,
        error: "access_denied",
        description: "No audience parameter was provided, and no default audience has been configured"
      },
      unknownAudience: {
        status: 403,
        error: "access_denied",
        description: "Service not enabled within domain: {target}"
      },
      unknownScope: {
        status: 403,
        error: "access_denied",
        description: "Client has not been granted scopes: {scope}"
      }
    }
  },

  keycloak: {
    paths: {
      issuer: "/realms/test",
      token: "/realms/test/protocol/openid-connect/token",
      revocation: "/realms/test/protocol/openid-connect/revoke",
      introspection: "/realms/test/protocol/openid-connect/token/introspect",
      jwks: "/realms/test/protocol/openid-connect/certs",
      // OpenID Connect appends; the other two are general knowledge of its newer versions.
      metadata: [
        "{path}/.well-known/openid-configuration",
        "{path}/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server{path}"
      ]
    },
    jwtProfile: "keycloak",
    // Its source, ClientIdAndSecretAuthenticator: both methods with a secret, decoded by RFC 6749.
    basicEncoding: "form",
    secretMethods: either,
    accessTokens: "jwt",
    target: "configured",
    tokenLife: "5 minutes",
    errorResponses: {
      // Observed, and its source: AuthenticationProcessor for a client that it does not find.
      unknownClient: {
        status: 401,
        error: "invalid_client",
        description: "Invalid client or Invalid client credentials"
      },
      wrongCredential: {
        status: 401,
        error: "unauthorized_client",
        description: "Invalid client or Invalid client credentials"
      },
      otherMethod: {
        status: 401,
        error: "unauthorized_client",
        description: "Invalid client or Invalid client credentials"
      },
      noCredentials: { status: 400, error: "invalid_client", description: "Missing client_id parameter" },
      unknownScope: { status: 400, error: "invalid_scope", description: "Invalid scopes: {scope}" }
    }
  },

  entra: {
    paths: {
      issuer: "/tenant/v2.0",
      token: "/tenant/oauth2/v2.0/token",
      // Its metadata names neither: tokens cannot be revoked or introspected.
      revocation: null,
      introspection: null,
      jwks: "/tenant/discovery/v2.0/keys",
      metadata: ["{path}/.well-known/openid-configuration"]
    },
    jwtProfile: "entra",
    scopeSyntax: "resource/.default",
    secretMethods: either,
    accessTokens: "jwt",
    // learn.microsoft.com, v2-oauth2-client-creds-grant-flow: the scope names the API, `/.default` at its end.
    missingScope: "rejected",
    statesScope: false,
    target: "configured",
    tokenLife: "3599 seconds",
    members: { ext_expires_in: 3599 },
    errorResponses: {
      // learn.microsoft.com, reference-error-codes; statuses by public records.
      unknownClient: {
        status: 400,
        error: "unauthorized_client",
        description: "AADSTS700016: Application with identifier '{client}' was not found in the directory 'tenant'.",
        shape: "entra"
      },
      wrongCredential: {
        status: 401,
        error: "invalid_client",
        description:
          "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the " +
          "client secret value, not the client secret ID, for a secret added to app '{client}'.",
        shape: "entra"
      },
      noScope: {
        status: 400,
        error: "invalid_request",
        description: "AADSTS900144: The request body must contain the following parameter: 'scope'.",
        shape: "entra"
      },
      unknownScope: {
        status: 400,
        error: "invalid_scope",
        description:
          "AADSTS1002012: The provided value for scope {scope} is not valid. Client credential flows must have " +
          "a scope value with /.default suffixed to the resource identifier (application ID URI).",
        shape: "entra"
      },
      unknownResource: {
        status: 400,
        error: "invalid_resource",
        description: "AADSTS500011: The resource principal named {target} was not found in the tenant named tenant.",
        shape: "entra"
      },
      noGrantType: {
        status: 400,
        error: "invalid_request",
        description: "AADSTS900144: The request body must contain the following parameter: 'grant_type'.",
        shape: "entra"
      },
      noCredentials: {
        status: 400,
        error: "invalid_request",
        description: "AADSTS900144: The request body must contain the following parameter: 'client_id'.",
        shape: "entra"
      }
    }
  },

  okta: {
    paths: {
      issuer: "/oauth2/default",
      token: "/oauth2/default/v1/token",
      revocation: "/oauth2/default/v1/revoke",
      introspection: "/oauth2/default/v1/introspect",
      jwks: "/oauth2/default/v1/keys",
      metadata: ["{path}/.well-known/oauth-authorization-server", "{path}/.well-known/openid-configuration"]
    },
    jwtProfile: "okta",
    // developer.okta.com: the default of token_endpoint_auth_method; assertions for the token endpoint, at most an hour, with a
    // `jti` where one wants it.
    secretMethods: ["client_secret_basic"],
    assertionAudiences: ["token_endpoint"],
    assertionLife: "1 hour",
    assertionClaims: ["exp"],
    accessTokens: "jwt",
    missingScope: "rejected",
    target: "configured",
    tokenLife: "1 hour",
    errorResponses: {
      // Its other shape, of errors that come from its core.
      unknownClient: {
        status: 401,
        error: "invalid_client",
        description: "Invalid value for 'client_id' parameter.",
        shape: "okta"
      },
      // developer.okta.com and support.okta.com.
      noScope: {
        status: 400,
        error: "invalid_scope",
        description: "The authorization server resource does not have any configured default scopes, 'scope' must be " +
          "provided."
      },
      unknownScope: {
        status: 400,
        error: "invalid_scope",
        description: "One or more scopes are not configured for the authorization server resource."
      }
    }
  },

  cognito: {
    // docs.aws.amazon.com/cognito, token endpoint: both methods, raw, forms only, all scopes of the client by default; errors
    // with 400.
    paths: {
      issuer: "/pool",
      token: "/oauth2/token",
      revocation: "/oauth2/revoke",
      introspection: null,
      jwks: "/pool/.well-known/jwks.json",
      metadata: ["{path}/.well-known/openid-configuration"]
    },
    secretMethods: either,
    accessTokens: "jwt",
    jwtProfile: "cognito",
    // The revocation endpoint is for refresh tokens: the code that it lists for others.
    revocation: "rejected",
    missingScope: "all",
    statesScope: false,
    target: "configured",
    tokenLife: "1 hour",
    errorResponses: {
      ...credentials({ status: 400, error: "invalid_client" }),
      unknownScope: { status: 400, error: "invalid_scope" }
    }
  },

  /** Cloud Foundry and SAP. */
  uaa: {
    // docs.cloudfoundry.org/api/uaa: tokens are revoked by DELETE with a token of an administrator, not by RFC 7009.
    paths: {
      issuer: "/oauth/token",
      token: "/oauth/token",
      revocation: null,
      introspection: "/introspect",
      jwks: "/token_keys",
      metadata: ["/.well-known/openid-configuration", "{path}/.well-known/openid-configuration"]
    },
    secretMethods: either,
    accessTokens: "jwt",
    jwtProfile: "uaa",
    missingScope: "all",
    tokenType: "bearer",
    target: "configured",
    // Observed.
    errorResponses: credentials({ status: 401, error: "unauthorized", description: "Bad credentials" })
  },

  /** `oidc-provider` for Node, compared with this server request by request. */
  "oidc-provider": {
    basicEncoding: "form",
    secretMethods: either,
    assertionSkew: Infinity,
    target: "resource",
    paths: {
      jwks: "/jwks",
      metadata: ["{path}/.well-known/openid-configuration", "/.well-known/oauth-authorization-server{path}"]
    },
    errorResponses: { wrongMethod: { status: 404, error: undefined } }
  },

  apigee: {
    paths: { token: "/oauth/client_credential/accesstoken", ...tokenOnly },
    // Observed: token_type. docs.apigee.com: expires_in is a string.
    tokenType: "BearerToken",
    expiresIn: "string"
  },

  shopify: {
    // shopify.dev: JSON and forms. Observed: no token_type.
    paths: { token: "/admin/oauth/access_token", ...tokenOnly },
    requestFormat: "any",
    tokenType: null
  },

  salesforce: {
    // Observed: the URL of the API is in the token response, the lifetime of the token is not.
    // General knowledge: the endpoints that its metadata names.
    paths: {
      token: "/services/oauth2/token",
      revocation: "/services/oauth2/revoke",
      introspection: "/services/oauth2/introspect",
      jwks: "/id/keys",
      metadata: ["/.well-known/openid-configuration"]
    },
    secretMethods: either,
    expiresIn: "none",
    members: { instance_url: "{api}" }
  },

  twitch: {
    // Observed: `{ status, message }`.
    // dev.twitch.tv: a revocation endpoint, metadata for OpenID Connect, and validation by GET in place of introspection.
    paths: {
      issuer: "/oauth2",
      token: "/oauth2/token",
      revocation: "/oauth2/revoke",
      introspection: null,
      jwks: "/oauth2/keys",
      metadata: ["{path}/.well-known/openid-configuration"]
    },
    errorResponses: {
      unknownClient: { status: 400, error: "Bad Request", description: "invalid client", shape: "twitch" },
      wrongCredential: { status: 403, error: "Forbidden", description: "invalid client secret", shape: "twitch" }
    }
  },

  fedex: {
    // Observed: `errors: [{ code, message }]`, with 422 for parameters.
    paths: { token: "/oauth/token", ...tokenOnly },
    errorResponses: {
      ...credentials({
        status: 401,
        error: "NOT.AUTHORIZED.ERROR",
        description: "The given client credentials were not valid. Please modify your request and try again.",
        shape: "fedex"
      }),
      malformed: {
        status: 422,
        error: "BAD.REQUEST.ERROR",
        description: "Missing or duplicate parameters.",
        shape: "fedex"
      },
      noGrantType: {
        status: 422,
        error: "BAD.REQUEST.ERROR",
        description: "Missing or duplicate parameters.",
        shape: "fedex"
      }
    }
  },

  vertex: {
    // Observed: a limit of 10 tokens in 8 hours, with 400 and without Retry-After. No record of its other endpoints is available.
    paths: tokenOnly,
    limits: [{ tokens: 10, per: "8 hours" }],
    errorResponses: {
      limit: {
        status: 400,
        error: "invalid_request",
        description: "Client {client} has exceeded the rate limit of {limit} tokens/{seconds} seconds"
      }
    }
  }
} as const satisfies Readonly<Record<string, Difference>>

export type Server = keyof typeof table

export const names = Object.keys(table) as ReadonlyArray<Server>

const stated = <A extends object>(given: A | undefined): A =>
  Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as A

/** Returns the behavior of a server, with the differences of a test. */
export const behaviorOf = (server: Server = "generic", options: Options = {}): Behavior => {
  const difference: Difference = table[server]
  const known = Object.keys(generic)
  const own = Object.fromEntries(Object.entries(stated(options)).filter(([name]) => known.includes(name)))
  return {
    ...generic,
    ...difference,
    ...own,
    paths: { ...generic.paths, ...difference.paths, ...stated(options.paths) },
    errorResponses: { ...generic.errorResponses, ...difference.errorResponses, ...stated(options.errorResponses) }
  } as Behavior
}

/** Returns the behavior of a server whose token responses contain the base URL of this API. */
export const withApi = (behavior: Behavior, baseUrl = "https://api.test"): Behavior => ({
  ...behavior,
  members: Object.fromEntries(
    Object.entries(behavior.members).map(([name, value]) => [
      name,
      typeof value === "string" ? value.replace("{api}", baseUrl) : value
    ])
  )
})
