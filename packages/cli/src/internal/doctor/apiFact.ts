/**
 * The response of the API to a call, in the form that the rules use, with what the token states itself.
 */
import * as Challenge from "@effect-oauth/client-credentials/Challenge"
import * as Redacted from "effect/Redacted"

import * as redaction from "../../../../client-credentials/dist/internal/protocol/redaction.js"
import * as rejection from "../../../../client-credentials/dist/internal/protocol/rejection.js"
import * as jwt from "../jwt.js"
import type { Values } from "../profileText.js"
import { type Answer, json, record, shown } from "./answer.js"

export interface ApiFact {
  readonly answer: Answer
  readonly values: Values
  readonly now: number
  /** The token of the call. */
  readonly token?: Redacted.Redacted<string> | undefined
}

export const url = ({ answer }: ApiFact): string => answer.url

export const status = ({ answer }: ApiFact): number => answer.status

export const is = (...all: ReadonlyArray<number>) => (fact: ApiFact): boolean => all.includes(status(fact))

export const challenges = ({ answer }: ApiFact) => Challenge.parse(answer.headers["www-authenticate"] ?? "")

export const schemes = (fact: ApiFact): ReadonlyArray<string> =>
  challenges(fact).map(({ scheme }) => scheme.toLowerCase())

/** Returns the meaning of the response for the token, by which calls are repeated with another token. */
export const rejectionOf = (fact: ApiFact): rejection.Rejection =>
  rejection.classify({
    status: status(fact),
    challenges: challenges(fact),
    scheme: isDpop(fact) ? "dpop" : "bearer"
  })

const parameter = (fact: ApiFact, name: string): string | undefined =>
  challenges(fact).map(({ parameters }) => parameters[name]).find((one) => one !== undefined)

/** An error in words, of a member `error` or of one of `errors`. */
interface StatedError {
  readonly code: string | undefined
  readonly message: unknown
}

const readError = (value: unknown): StatedError | undefined => {
  const fields = record(value)
  if (fields === undefined) {
    return value === undefined || value === null || value === false || value === "" || value === 0
      ? undefined
      : { code: typeof value === "boolean" ? undefined : String(value), message: undefined }
  }
  const found = [record(fields["extensions"])?.["code"], fields["code"], fields["status"], fields["type"]]
    .find((one) => typeof one === "string" || typeof one === "number")
  return Object.keys(fields).length === 0
    ? undefined
    : { code: found === undefined ? undefined : String(found), message: fields["message"] }
}

/** The error in the body of a successful response; undefined if there is none. */
const errorInBody = ({ answer }: ApiFact): StatedError | undefined => {
  const { error, errors } = record(json(answer)) ?? {}
  return answer.status >= 300 ? undefined : readError(error) ?? readError(Array.isArray(errors) ? errors[0] : errors)
}

/** Codes and messages for a token that is not accepted. */
const tokenError =
  /\bun-?(?:auth|authenticated|authori[sz]ed)\b|\b(?:invalid|expired|revoked|missing|malformed|bad|inactive|no)[ _-]?(?:access[ _-]?|bearer[ _-]?)?(?:token|auth|authorization|credentials)\b|\btoken[ _-]?(?:is |has |was )?(?:invalid|expired|revoked|missing|inactive|not)|\bnot[ _-]?authed\b|^401$/i

/** Returns whether a successful response has an error in its body. */
export const hasErrorInBody = (fact: ApiFact): boolean => errorInBody(fact) !== undefined

/** Returns whether a successful response states that the token is not accepted, as GraphQL servers and others write it. */
export const rejectsInBody = (fact: ApiFact): boolean => {
  const { code, message } = errorInBody(fact) ?? {}
  const { error_description: description, message: beside, status } = record(json(fact.answer)) ?? {}
  return errorInBody(fact) !== undefined &&
    [code, message, description, beside, status].some((one) =>
      (typeof one === "string" || typeof one === "number") && tokenError.test(String(one))
    )
}

/** The error code of the challenge, or that in the body of a successful response, if it is one. */
export const errorOf = (fact: ApiFact): string | undefined => {
  const found = parameter(fact, "error")
  if (found !== undefined) return shown(found).slice(0, 60)
  const code = errorInBody(fact)?.code
  const token = fact.token === undefined ? "" : Redacted.value(fact.token)
  return code !== undefined && /^[\w.-]{1,60}$/.test(code) && !token.includes(code) ? code : undefined
}

const members = ["error_description", "message", "detail", "error"] as const

/** Strings that repeat the status, and state no reason. */
const isEmpty = (text: string): boolean =>
  /^(?:un-?authori[sz]ed|unauthenticated|access[ _]denied|invalid[ _]token|authentication (?:failed|required))?[.!]?$/i
    .test(
      text
    )

/** The description of the error, of the challenge or else of the body; redacted if it repeats a part of the token. */
export const descriptionOf = (fact: ApiFact): string | undefined => {
  const body = record(json(fact.answer)) ?? {}
  const found = parameter(fact, "error_description") ??
    [...members.map((name) => body[name]), errorInBody(fact)?.message].find((one) => typeof one === "string")
  const secrets = fact.token === undefined ? [] : [Redacted.value(fact.token)]
  const text = redaction.make(secrets).show(found, 160)?.trim().replace(/[.\s]+$/, "") ?? ""
  return isEmpty(text) ? undefined : text
}

/** Returns the content of the token; undefined if it is opaque. */
export const statedBy = ({ token }: ApiFact): jwt.Jwt | undefined =>
  token === undefined ? undefined : jwt.read(Redacted.value(token))

export const isDpop = ({ values }: ApiFact): boolean =>
  values["OAUTH_DPOP"] === "true" || values["OAUTH_DPOP_KEY"] !== undefined ||
  values["OAUTH_DPOP_KEY_FILE"] !== undefined
