/**
 * Authorization servers in one table: for each, in what it differs from `generic`. What is not stated here is as there, since
 * no record of it is at hand. "Observed" is what running servers returned, or public records of their responses.
 */
import { type Behavior, generic, type Paths, type Situation, type Written } from "./behavior.js"

/** What a server does otherwise, or what a test states. */
type Difference =
  & { readonly [Name in Exclude<keyof Behavior, "paths" | "refusals">]?: Behavior[Name] | undefined }
  & {
    readonly paths?: { readonly [Name in keyof Paths]?: string | undefined } | undefined
    readonly refusals?: { readonly [Name in Situation]?: Written | undefined } | undefined
  }

export type Options = Difference

const either = ["client_secret_basic", "client_secret_post"] as const

/** Refusals of the client's credential that are written in the same way. */
const credentials = (written: Written) => ({ unknownClient: written, wrongCredential: written, otherMethod: written })

const table = {
  /** The standards, strictly. */
  generic: {},

  auth0: {
    // auth0.com/docs/api/authentication: issuer with a slash at its end, JSON or form, audience of assertions.
    paths: { issuer: "/", token: "/oauth/token", revocation: "/oauth/revoke" },
    requestFormat: "any",
    assertionAudiences: ["issuer"],
    accessTokens: "jwt",
    // The scopes of the client grant, where a request states none.
    missingScope: "all",
    target: "audience",
    missingTarget: "refused",
    // Observed: quotas by UTC hours and days, in a header of each response.
    limitWindow: "UTC day",
    quotaHeader: "auth0-client-quota-limit",
    refusals: {
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
      jwks: "/realms/test/protocol/openid-connect/certs"
    },
    // Its source, ClientIdAndSecretAuthenticator: both methods with a secret, decoded by RFC 6749.
    basicEncoding: "form",
    secretMethods: either,
    accessTokens: "jwt",
    target: "configured",
    tokenLife: "5 minutes",
    refusals: {
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
      jwks: "/tenant/discovery/v2.0/keys"
    },
    secretMethods: either,
    accessTokens: "jwt",
    // learn.microsoft.com, v2-oauth2-client-creds-grant-flow: the scope names the API, `/.default` at its end.
    missingScope: "refused",
    statesScope: false,
    target: "configured",
    tokenLife: "3599 seconds",
    members: { ext_expires_in: 3599 },
    refusals: {
      // learn.microsoft.com, reference-error-codes; statuses by public records.
      unknownClient: {
        status: 400,
        error: "unauthorized_client",
        description: "AADSTS700016: Application with identifier '{client}' was not found in the directory 'tenant'."
      },
      wrongCredential: {
        status: 401,
        error: "invalid_client",
        description:
          "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the " +
          "client secret value, not the client secret ID, for a secret added to app '{client}'."
      },
      noScope: {
        status: 400,
        error: "invalid_request",
        description: "AADSTS900144: The request body must contain the following parameter: 'scope'."
      },
      unknownScope: {
        status: 400,
        error: "invalid_scope",
        description:
          "AADSTS1002012: The provided value for scope {scope} is not valid. Client credential flows must have " +
          "a scope value with /.default suffixed to the resource identifier (application ID URI)."
      }
    }
  },

  okta: {
    paths: {
      issuer: "/oauth2/default",
      token: "/oauth2/default/v1/token",
      revocation: "/oauth2/default/v1/revoke",
      introspection: "/oauth2/default/v1/introspect",
      jwks: "/oauth2/default/v1/keys"
    },
    // developer.okta.com: the default of token_endpoint_auth_method; assertions for the token endpoint, at most an hour.
    secretMethods: ["client_secret_basic"],
    assertionAudiences: ["token_endpoint"],
    assertionLife: "1 hour",
    accessTokens: "jwt",
    missingScope: "refused",
    target: "configured",
    tokenLife: "1 hour",
    refusals: {
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
    paths: { token: "/oauth2/token", revocation: "/oauth2/revoke" },
    secretMethods: either,
    accessTokens: "jwt",
    missingScope: "all",
    statesScope: false,
    target: "configured",
    tokenLife: "1 hour",
    refusals: {
      ...credentials({ status: 400, error: "invalid_client" }),
      unknownScope: { status: 400, error: "invalid_scope" }
    }
  },

  /** Cloud Foundry and SAP. */
  uaa: {
    paths: { token: "/oauth/token", revocation: "/oauth/token/revoke", jwks: "/token_keys" },
    secretMethods: either,
    accessTokens: "jwt",
    missingScope: "all",
    tokenType: "bearer",
    target: "configured",
    // Observed.
    refusals: credentials({ status: 401, error: "unauthorized", description: "Bad credentials" })
  },

  /** `oidc-provider` for Node, compared with this server request by request. */
  "oidc-provider": {
    basicEncoding: "form",
    secretMethods: either,
    paths: { jwks: "/jwks" }
  },

  apigee: {
    paths: { token: "/oauth/client_credential/accesstoken" },
    // Observed: token_type. docs.apigee.com: expires_in is a string.
    tokenType: "BearerToken",
    expiresIn: "string"
  },

  shopify: {
    // shopify.dev: JSON and forms. Observed: no token_type.
    paths: { token: "/admin/oauth/access_token" },
    requestFormat: "any",
    tokenType: null
  },

  salesforce: {
    // Observed: the URL of the API is in the token response, the life of the token is not.
    paths: { token: "/services/oauth2/token", revocation: "/services/oauth2/revoke" },
    secretMethods: either,
    expiresIn: "none",
    members: { instance_url: "https://api.test" }
  },

  twitch: {
    // Observed: `{ status, message }`.
    paths: { token: "/oauth2/token", revocation: "/oauth2/revoke" },
    refusals: {
      unknownClient: { status: 400, error: "Bad Request", description: "invalid client", shape: "twitch" },
      wrongCredential: { status: 403, error: "Forbidden", description: "invalid client secret", shape: "twitch" }
    }
  },

  fedex: {
    // Observed: `errors: [{ code, message }]`, with 422 for parameters.
    paths: { token: "/oauth/token" },
    refusals: {
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
    // Observed: a limit with 400 and without Retry-After.
    refusals: {
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

/** The behavior of a server, with what a test states otherwise. */
export const behaviorOf = (server: Server = "generic", options: Options = {}): Behavior => {
  const difference: Difference = table[server]
  const known = Object.keys(generic)
  const own = Object.fromEntries(Object.entries(stated(options)).filter(([name]) => known.includes(name)))
  return {
    ...generic,
    ...difference,
    ...own,
    paths: { ...generic.paths, ...difference.paths, ...stated(options.paths) },
    refusals: { ...generic.refusals, ...difference.refusals, ...stated(options.refusals) }
  } as Behavior
}
