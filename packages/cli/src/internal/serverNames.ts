/**
 * The servers that a sandbox can behave as: those of `TestAuthorizationServer.Options`, which loading takes time.
 */
export const serverNames = [
  "generic",
  "auth0",
  "keycloak",
  "entra",
  "okta",
  "cognito",
  "uaa",
  "oidc-provider",
  "apigee",
  "shopify",
  "salesforce",
  "twitch",
  "fedex",
  "vertex"
] as const
