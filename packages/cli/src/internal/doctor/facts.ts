/**
 * The errors of a token request as facts for the rules.
 */
import type * as OAuthError from "@effect-oauth/client-credentials/OAuthError"
import * as Duration from "effect/Duration"

import * as dialect from "../../../../client-credentials/dist/internal/protocol/dialect.js"
import * as ownWords from "../ownWords.js"
import { own } from "../profileText.js"
import { type Answer, json, resetOf, time } from "./answer.js"
import type { Finding } from "./finding.js"
import type { TokenFact } from "./tokenRules.js"

/** A failure without a response that the rules of token endpoints are about. */
export const withoutResponse = (error: OAuthError.TokenError): Finding | undefined => {
  const wrong = (code: string, message: string, remedy: string): Finding => ({
    step: "authentication",
    verdict: "wrong",
    code,
    message,
    remedy
  })
  switch (error._tag) {
    case "IssuanceBudgetExhausted": {
      const until = time(error.resetsAt)
      return error.by === "issuer"
        ? wrong(
          "limit",
          `the authorization server announced that it issues no more tokens until ${until}, so none was requested`,
          `Wait until ${until}, or have the limit raised. effect-oauth budget shows what is counted.`
        )
        : wrong(
          "budget",
          `${own.tokensPerDay} (${error.limit}) is used up until ${until}, so no token was requested`,
          `Wait until ${until}, or raise ${own.tokensPerDay} if the server allows more. effect-oauth budget shows what is ` +
            "counted."
        )
    }
    case "CredentialUnavailable":
      return wrong(
        "credential",
        `the ${error.credential} could not be used: ${ownWords.of(error.problem)}`,
        error.check !== undefined
          ? `Check ${error.check}.`
          : error.credential === "client secret"
          ? `Check OAUTH_CLIENT_SECRET, OAUTH_CLIENT_SECRET_FILE or ${own.secretCommand}.`
          : error.credential === "private key"
          ? "Check OAUTH_PRIVATE_KEY_FILE."
          : "Check OAUTH_CLIENT_ASSERTION_FILE or OAUTH_SUBJECT_TOKEN_FILE."
      )
    case "DiscoveryFailed":
      return wrong(
        "metadata",
        ownWords.of(error.problem),
        "Check OAUTH_ISSUER, OAUTH_DPOP and OAUTH_SIGNING_ALGORITHM."
      )
    default:
      return undefined
  }
}

/** Returns the code of a request without a response; undefined if there is one. */
export const transport = (error: OAuthError.TokenError): string | undefined =>
  error._tag !== "TokenEndpointUnavailable" || error.reason === "status"
    ? undefined
    : error.reason === "timeout"
    ? "timeout"
    : error.detail

/** Returns the error response of the server, and when it issues tokens again. */
export const rejection = (
  error: OAuthError.TokenError,
  answer: Answer | undefined,
  now: number
): Pick<TokenFact, "answer" | "description" | "error" | "isInferred" | "kind" | "resetsAt" | "status"> => {
  const fields = error as Partial<OAuthError.TokenErrorResponse>
  // A description of the server may contain secrets: it is classified, and only the fields of the error are shown.
  const written = answer === undefined ? undefined : dialect.read(json(answer), answer.status)
  const seen = typeof written?.error === "string"
    ? { error: written.error, errorDescription: String(written.description ?? "") }
    : error._tag === "TokenErrorResponse"
    ? { error: error.error }
    : undefined
  const ends = (fields.quotas ?? []).flatMap(({ remaining, resetsAt }) => remaining === 0 ? [resetsAt] : [])
  const stated = answer === undefined ? undefined : resetOf(answer.headers, now)
  return {
    answer,
    kind: seen === undefined ? undefined : dialect.kindOf({ status: fields.status ?? answer?.status ?? 0, ...seen }),
    status: fields.status ?? answer?.status ?? 0,
    error: error._tag === "TokenErrorResponse" ? error.error : undefined,
    // The library names a code of the standard for responses without one.
    isInferred: answer !== undefined && !(typeof written?.error === "string" && answer.body.includes(written.error)),
    description: error._tag === "TokenErrorResponse" ? error.errorDescription : undefined,
    resetsAt: ends.length > 0
      ? Math.max(...ends)
      : stated ?? (fields.retryAfter === undefined ? undefined : now + Duration.toMillis(fields.retryAfter))
  }
}
