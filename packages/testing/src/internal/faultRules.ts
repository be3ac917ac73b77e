/**
 * Rules of faults, and of the requests that they are for.
 */
import type * as Fault from "../Fault.js"
import { anyText, duration, group, integer, named, offset, oneOf, record, type Rule, text, that } from "./rules.js"
import { status } from "./serverRules.js"

const headers = record(anyText)

const words = ["hang", "reset", "refuse", "cutShort", "sameToken"]

const tagged: Readonly<Record<string, Rule>> = {
  Answer: group<Extract<Fault.Fault, { readonly _tag: "Answer" }>>({
    _tag: anyText,
    status,
    body: that("a string or bytes", (value) => typeof value === "string" || value instanceof Uint8Array),
    headers
  }, ["status", "body", "headers"]),
  Delay: group<Extract<Fault.Fault, { readonly _tag: "Delay" }>>({ _tag: anyText, duration }, ["duration"]),
  ClockOffset: group<Extract<Fault.Fault, { readonly _tag: "ClockOffset" }>>({ _tag: anyText, millis: offset }, [
    "millis"
  ])
}

/** A fault, of those that the transport of the servers can have. */
export const fault = (transport: "memory" | "sockets"): Rule => {
  const possible = oneOf(words)
  const word: Rule = (value, path) =>
    value === "refuse" && transport === "sockets"
      ? that(
        "\"reset\": a socket has accepted the connection when a request arrives. Close the servers for connections that are refused",
        () => false
      )(value, path)
      : possible(value, path)
  const byTag: Rule = (value, path) => {
    const tag = typeof value === "object" && value !== null && "_tag" in value ? String(value._tag) : ""
    const rule = Object.hasOwn(tagged, tag) ? tagged[tag] : undefined
    return rule === undefined
      ? that(`one of ${words.join(", ")}, or the result of a function of Fault`, () => false)(value, path)
      : rule(value, path)
  }
  return named(word, byTag)
}

/** The requests that a fault is for. */
export const target: { readonly [Name in keyof Required<Omit<Fault.Targeted, "fault">>]: Rule } = {
  times: named(
    (value, path) => typeof value === "number" ? integer(1)(value, path) : oneOf(["always"])(value, path),
    integer(1)
  ),
  endpoint: oneOf(["token", "revocation", "introspection", "metadata", "jwks", "none"]),
  path: that("a path that begins with /", (value) => typeof value === "string" && value.startsWith("/")),
  method: text
}

export const faultOrTargeted = (fault: Rule): Rule => {
  const targeted = group<Fault.Targeted>({ fault, ...target }, ["fault"])
  return (value, path) =>
    (typeof value === "object" && value !== null && "fault" in value ? targeted : fault)(value, path)
}
