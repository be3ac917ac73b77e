import { ClientCredentials, Grant } from "@effect-oauth/client-credentials"
import { Effect, Redacted } from "effect"

/** The used part of the AWS SDK: `STSClient` with `GetWebIdentityTokenCommand` of `@aws-sdk/client-sts`. */
interface Sts {
  readonly getWebIdentityToken: (
    request: { readonly Audience: ReadonlyArray<string>; readonly SigningAlgorithm: "ES384" | "RS256" }
  ) => Promise<{ readonly WebIdentityToken?: string | undefined }>
}

export const api = (sts: Sts) =>
  ClientCredentials.layer({
    tokenUrl: "https://auth.example.com/oauth/token",
    grant: Grant.jwtBearer(
      Effect.map(
        Effect.tryPromise(() =>
          sts.getWebIdentityToken({ Audience: ["https://auth.example.com"], SigningAlgorithm: "ES384" })
        ),
        ({ WebIdentityToken = "" }) => Redacted.make(WebIdentityToken)
      )
    ),
    apiBaseUrl: "https://api.example.com"
  })
