/**
 * The response of the API to a call, in the form that the rules use, with what the token states itself.
 */
import * as Challenge from "@effect-oauth/client-credentials/Challenge"
import * as Redacted from "effect/Redacted"

import * as redaction from "../../../../client-credentials/dist/internal/protocol/redaction.js"
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

const parameter = (fact: ApiFact, name: string): string | undefined =>
  challenges(fact).map(({ parameters }) => parameters[name]).find((one) => one !== undefined)

export const errorOf = (fact: ApiFact): string | undefined => {
  const found = parameter(fact, "error")
  return found === undefined ? undefined : shown(found).slice(0, 60)
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
    members.map((name) => body[name]).find((one) => typeof one === "string")
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
