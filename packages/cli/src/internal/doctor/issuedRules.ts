/**
 * Rules for an issued token: its lifetime, scope and audience.
 */
import * as durationText from "../durationText.js"
import type { Values } from "../profileText.js"
import { type Answer, json, record } from "./answer.js"
import { diagnose, type Finding, ok, type Rule, skipped } from "./finding.js"

export interface IssuedFact {
  readonly method: string
  /** In milliseconds. */
  readonly life: number
  /** The responses of the token endpoint, in their order. */
  readonly answers: ReadonlyArray<Answer>
  readonly requests: number
  readonly values: Values
}

const members = ({ answers }: IssuedFact) => {
  const last = answers.at(-1)
  return last === undefined ? undefined : record(json(last))
}

export const hasPrevious = ({ values }: Pick<IssuedFact, "values">): boolean =>
  ["OAUTH_CLIENT_SECRET_PREVIOUS", "OAUTH_PRIVATE_KEY_PREVIOUS"].some((name) =>
    values[name] !== undefined || values[`${name}_FILE`] !== undefined
  )

const issued = ({ life, method, requests }: IssuedFact): string =>
  `by ${method}: a token for ${durationText.show(life)}${requests > 1 ? `, after ${requests} token requests` : ""}`

const rules: ReadonlyArray<Rule<IssuedFact>> = [
  {
    code: "token-expired",
    holds: ({ life }) => life < 1000,
    cause: () =>
      "the server issues a token that is expired at once (expires_in 0), so that no call can be made with it",
    remedy: () => "Have the operator of the server set how long tokens of this client last."
  },
  {
    code: "previous-secret",
    verdict: "warning",
    holds: (fact) => hasPrevious(fact) && fact.answers.slice(0, -1).some(({ status }) => status >= 400),
    cause: (fact) => `${issued(fact)}; the server accepted the previous credential only`,
    remedy: () => "Replace the current secret or key by the one that the server has now."
  },
  {
    code: "token-short",
    verdict: "warning",
    holds: ({ life }) => life < 60_000,
    cause: (fact) => `${issued(fact)}, which is short`,
    remedy: () => "Have the operator of the server let tokens last for minutes or hours: each command may request one."
  },
  {
    code: "token-life",
    verdict: "warning",
    holds: (fact) => fact.answers.length > 0 && members(fact)?.["expires_in"] === undefined,
    cause: (fact) => `${issued(fact)}, which is assumed: the server states no expires_in`,
    remedy: () => "Nothing is wrong: a token that ended before is replaced when the API rejects it."
  },
  {
    code: "token-life",
    verdict: "warning",
    holds: (fact) => fact.answers.length > 0 && !/^\s*-?\d+(\.\d+)?\s*$/.test(String(members(fact)?.["expires_in"])),
    cause: (fact) => `${issued(fact)}, which is assumed: the expires_in of the server is not a number of seconds`,
    remedy: () => "Nothing is wrong: a token that ended before is replaced when the API rejects it."
  }
]

export const authentication = (fact: IssuedFact): Finding =>
  diagnose("authentication", rules, fact, () => ok("authentication", issued(fact)))

export const scope = (requested: ReadonlyArray<string>, granted: ReadonlyArray<string> | undefined): Finding => {
  if (granted === undefined) {
    return requested.length === 0
      ? skipped("scope", "none requested, and the server does not state which was granted")
      : {
        step: "scope",
        verdict: "warning",
        code: "scope-unknown",
        message: `${requested.join(" ")} requested, and the server does not state whether it was granted`,
        remedy: "If the API returns 403, check with the operator of the server whether this scope exists."
      }
  }
  const missing = requested.filter((one) => !granted.includes(one))
  return missing.length === 0
    ? ok("scope", granted.length === 0 ? "none requested, none granted" : `granted: ${granted.join(" ")}`)
    : {
      step: "scope",
      verdict: "wrong",
      code: "scope-not-granted",
      message: `${missing.join(" ")} requested and not granted`,
      remedy: "Have the authorization server allow it to this client, or remove it from OAUTH_SCOPE."
    }
}

/** `found` is what the token states itself, where it is a JWT. */
export const audience = (wanted: ReadonlyArray<string>, found: ReadonlyArray<string> | undefined): Finding => {
  if (found === undefined) return skipped("audience", "the token is opaque; the API decides")
  const missing = wanted.filter((one) => !found.includes(one))
  const named = found.join(", ") || "no API in particular"
  return missing.length === 0 ? ok("audience", `the token is for ${named}`) : {
    step: "audience",
    verdict: "wrong",
    code: "audience",
    message: `the token is for ${named}, not for ${missing.join(", ")}`,
    remedy: "Check OAUTH_AUDIENCE and OAUTH_RESOURCE: servers ignore the one that they do not know."
  }
}
