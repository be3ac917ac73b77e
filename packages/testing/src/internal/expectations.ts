/**
 * Compares the recorded requests of a test with expectations. Each difference states what was expected, and lists what
 * happened.
 */
import type { Issued } from "./models.js"

export interface Expected {
  /** The exact number of issued tokens. */
  readonly tokensIssued?: number | undefined
  /** The reasons for which the issued tokens were requested, in order: `cold`, `renewal`, `expired`, `rejected`, `forced`. */
  readonly reasons?: ReadonlyArray<string> | undefined
  /** The number of token requests received, including unanswered ones. */
  readonly tokenRequests?: number | undefined
  /** The number of calls with the first token, with the second, and so on. */
  readonly callsPerToken?: ReadonlyArray<number> | undefined
  /** The statuses of the responses to calls, in order. */
  readonly statuses?: ReadonlyArray<number> | undefined
}

interface Request {
  readonly endpoint: string
  readonly at: number
  readonly clientId: string | undefined
  readonly reason: string | undefined
  readonly status: number | undefined
  readonly error: string | undefined
}

interface Call {
  readonly at: number
  readonly method: string
  readonly url: string
  readonly token: number | undefined
  readonly status: number | undefined
}

export interface Happened {
  readonly issued: ReadonlyArray<Issued>
  readonly received: ReadonlyArray<Request>
  readonly calls: ReadonlyArray<Call>
}

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`

const list = <A>(all: ReadonlyArray<A>, line: (one: A) => string): string =>
  all.length === 0 ? "  (nothing)" : all.map((one) => `  ${line(one)}`).join("\n")

const tokenLine = ({ expiresAt, issuedAt, number, reason, revoked, scope }: Issued): string =>
  `token ${number}, ${reason ?? "no reason stated"}, issued at ${issuedAt} ms, expires at ${expiresAt} ms${
    scope.length === 0 ? "" : `, for ${scope.join(" ")}`
  }${revoked ? ", revoked" : ""}`

const requestLine = ({ at, clientId, error, reason, status }: Request): string =>
  `${at} ms from ${clientId ?? "no known client"}, ${reason ?? "no reason stated"}: ${status ?? "no response"} ${
    error ?? ""
  }`

const callLine = ({ at, method, status, token, url }: Call): string =>
  `${at} ms ${method} ${url} with ${token === undefined ? "no token of that server" : `token ${token}`}: ${
    status ?? "no response"
  }`

/** Returns a message for each expectation that is not met. */
export const unmet = (expected: Expected, { calls, issued, received }: Happened): ReadonlyArray<string> => {
  const requests = received.filter(({ endpoint }) => endpoint === "token")
  const perToken = issued.map(({ number }) => calls.filter(({ token }) => token === number).length)
  const { callsPerToken, reasons, statuses, tokenRequests, tokensIssued } = expected
  const differs = (wanted: ReadonlyArray<unknown> | undefined, found: ReadonlyArray<unknown>) =>
    wanted !== undefined && wanted.join() !== found.join()
  return [
    ...(tokensIssued === undefined || tokensIssued === issued.length ? [] : [
      `Expected ${plural(tokensIssued, "token")} to be issued, but there were ${issued.length}:\n${
        list(issued, tokenLine)
      }`
    ]),
    ...(!differs(reasons, issued.map(({ reason }) => reason)) ? [] : [
      `Expected tokens with the reasons ${reasons?.join(", ") || "(none)"}, but there were:\n${list(issued, tokenLine)}`
    ]),
    ...(tokenRequests === undefined || tokenRequests === requests.length ? [] : [
      `Expected ${plural(tokenRequests, "token request")}, but there were ${requests.length}:\n${
        list(requests, requestLine)
      }`
    ]),
    ...(!differs(callsPerToken, perToken) ? [] : [
      `Expected ${callsPerToken?.join(", ")} calls with the tokens in turn, but there were ${perToken.join(", ")}:\n${
        list(calls, callLine)
      }`
    ]),
    ...(!differs(statuses, calls.map(({ status }) => status)) ? [] : [
      `Expected calls to be answered with ${statuses?.join(", ")}, but there were:\n${list(calls, callLine)}`
    ])
  ]
}
