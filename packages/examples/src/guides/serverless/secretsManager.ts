import { PromiseClient } from "@effect-oauth/client-credentials"

/** The used part of AWS Secrets Manager: `new SecretsManager()` of `@aws-sdk/client-secrets-manager` implements it. */
interface SecretsManager {
  readonly getSecretValue: (input: {
    SecretId: string
    VersionStage: "AWSCURRENT" | "AWSPREVIOUS"
  }) => Promise<{ SecretString?: string | undefined }>
}

export const client = (secretsManager: SecretsManager, SecretId: string) => {
  /** Reads a version of the secret, when a token is requested. */
  const version = (VersionStage: "AWSCURRENT" | "AWSPREVIOUS") => async () => {
    const { SecretString = "" } = await secretsManager.getSecretValue({ SecretId, VersionStage })
    return SecretString
  }
  return PromiseClient.create({
    tokenUrl: "https://auth.example.com/oauth/token",
    clientId: "inventory-sync",
    clientSecret: version("AWSCURRENT"),
    // During a rotation, the authorization server may not have the current version yet.
    previousClientSecret: version("AWSPREVIOUS"),
    apiBaseUrl: "https://api.example.com/v1",
    // For a function with a timeout of 10 seconds.
    tokenCache: { retryTimeout: "2 seconds" },
    tokenEndpoint: { timeout: "5 seconds" }
  })
}
