/**
 * Expectations that explain themselves: each is an effect that fails with what was expected and all that happened.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

import { TestApi } from "./TestApi.js"
import { TestAuthorizationServer } from "./TestAuthorizationServer.js"

/**
 * An expectation is not met. The message states what was expected, and lists what happened.
 *
 * @since 0.1.0
 * @category errors
 */
export class ExpectationFailed extends Data.TaggedError("ExpectationFailed")<{ readonly message: string }> {}

const list = (lines: ReadonlyArray<string>): string =>
  lines.length === 0 ? "  (nothing)" : lines.map((line) => `  ${line}`).join("\n")

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`

const tokens = Effect.flatMap(TestAuthorizationServer, ({ issued }) =>
  Effect.map(issued, (all) => ({
    all,
    text: list(all.map(({ expiresAt, issuedAt, number, reason, revoked, scope }) =>
      `token ${number}, ${reason ?? "no reason stated"}, issued at ${issuedAt} ms, expires at ${expiresAt} ms${
        scope.length === 0 ? "" : `, for ${scope.join(" ")}`
      }${revoked ? ", revoked" : ""}`
    ))
  })))

const calls = Effect.flatMap(TestApi, ({ calls }) =>
  Effect.map(calls, (all) => ({
    all,
    text: list(all.map(({ at, method, status, token, url }) =>
      `${at} ms ${method} ${url} with ${token === undefined ? "no token of that server" : `token ${token}`}: ${
        status ?? "no response"
      }`
    ))
  })))

/**
 * So many tokens were issued, no more and no fewer.
 *
 * @since 0.1.0
 * @category expectations
 */
export const tokensIssued = (
  expected: number
): Effect.Effect<void, ExpectationFailed, TestAuthorizationServer> =>
  Effect.flatMap(tokens, ({ all, text }) =>
    all.length === expected ? Effect.void : new ExpectationFailed({
      message: `Expected ${plural(expected, "token")} to be issued, but there were ${all.length}:\n${text}`
    }))

/**
 * Tokens were requested for these reasons, in this order: `cold`, `renewal`, `expired`, `rejected`, `forced`.
 *
 * @since 0.1.0
 * @category expectations
 */
export const reasons = (
  ...expected: ReadonlyArray<string>
): Effect.Effect<void, ExpectationFailed, TestAuthorizationServer> =>
  Effect.flatMap(
    tokens,
    ({ all, text }) =>
      all.map(({ reason }) => reason).join() === expected.join() ? Effect.void : new ExpectationFailed({
        message: `Expected tokens with the reasons ${expected.join(", ") || "(none)"}, but there were:\n${text}`
      })
  )

/**
 * So many requests for a token arrived, answered or not.
 *
 * @since 0.1.0
 * @category expectations
 */
export const tokenRequests = (
  expected: number
): Effect.Effect<void, ExpectationFailed, TestAuthorizationServer> =>
  Effect.flatMap(TestAuthorizationServer, ({ received }) =>
    Effect.flatMap(received, (all) => {
      const requests = all.filter(({ endpoint }) => endpoint === "token")
      return requests.length === expected ? Effect.void : new ExpectationFailed({
        message: `Expected ${plural(expected, "token request")}, but there were ${requests.length}:\n${
          list(requests.map(({ at, clientId, error, reason, status }) =>
            `${at} ms from ${clientId ?? "no known client"}, ${reason ?? "no reason stated"}: ${
              status ?? "no response"
            } ${error ?? ""}`
          ))
        }`
      })
    }))

/**
 * So many calls arrived with the first token, so many with the second, and so on.
 *
 * @since 0.1.0
 * @category expectations
 */
export const callsPerToken = (
  ...expected: ReadonlyArray<number>
): Effect.Effect<void, ExpectationFailed, TestApi | TestAuthorizationServer> =>
  Effect.zipWith(calls, tokens, (made, issued) => ({ made, issued })).pipe(
    Effect.flatMap(({ issued, made }) => {
      const found = issued.all.map(({ number }) => made.all.filter(({ token }) => token === number).length)
      return found.join() === expected.join() ? Effect.void : new ExpectationFailed({
        message: `Expected ${expected.join(", ")} calls with the tokens in turn, but there were ${
          found.join(", ")
        }:\n${made.text}`
      })
    })
  )

/**
 * Calls were answered with these statuses, in this order.
 *
 * @since 0.1.0
 * @category expectations
 */
export const statuses = (...expected: ReadonlyArray<number>): Effect.Effect<void, ExpectationFailed, TestApi> =>
  Effect.flatMap(
    calls,
    ({ all, text }) =>
      all.map(({ status }) => status).join() === expected.join() ? Effect.void : new ExpectationFailed({
        message: `Expected calls to be answered with ${expected.join(", ")}, but there were:\n${text}`
      })
  )
