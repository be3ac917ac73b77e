/**
 * Tokens that commands share through files, with a note if a command waits for another one, or ends with the failure of an
 * earlier one.
 */
import type { TokenError } from "@effect-oauth/client-credentials/OAuthError"
import * as SharedTokens from "@effect-oauth/client-credentials/SharedTokens"
import * as TokenEndpoint from "@effect-oauth/client-credentials/TokenEndpoint"
import * as TokenStore from "@effect-oauth/client-credentials/TokenStore"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"

import { isOfServer, retryAfterOf } from "../../../client-credentials/dist/internal/models/tokenErrors.js"
import * as durationText from "./durationText.js"
import { Screen } from "./Screen.js"

/** Duration of the lease: the maximum delay after a process was killed during a token request. */
const leaseLife = Duration.seconds(4)

/** The wait after which a note is shown. Commands that start at the same time wait for less. */
const notedAfter = 1000

/** The store, with a note when another process has had the lease for a while. */
const noting = (
  store: TokenStore.TokenStore,
  note: (line: string) => Effect.Effect<void>
): TokenStore.TokenStore => {
  let since: number | undefined
  let isNoted = false
  let isOwn = false
  const seen = <A extends TokenStore.Snapshot>(snapshot: A) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (isOwn || snapshot.leasedFor <= 0) return Effect.succeed(snapshot)
      since ??= now
      if (isNoted || now - since < notedAfter) return Effect.succeed(snapshot)
      isNoted = true
      return Effect.as(
        note(
          "Waiting for the token that another process is requesting for this client; if that process was killed, for at " +
            `most ${Duration.toSeconds(leaseLife)} s.`
        ),
        snapshot
      )
    })
  return {
    ...store,
    load: (key) => Effect.flatMap(store.load(key), seen),
    acquire: (key, owner, life) =>
      Effect.flatMap(store.acquire(key, owner, life), (attempt) => {
        isOwn ||= attempt.done
        return seen(attempt)
      })
  }
}

/** Hides the content of the store, so that a token is requested regardless of cached tokens and earlier failures. */
const emptied = (store: TokenStore.TokenStore): TokenStore.TokenStore => {
  const generations = new Map<string, number>()
  const replaced = new Set<string>()
  const without = <A extends TokenStore.Snapshot>(key: string) => (snapshot: A): A => {
    if (replaced.has(key)) return snapshot
    generations.set(key, Option.match(snapshot.entry, { onNone: () => 0, onSome: ({ generation }) => generation }))
    return { ...snapshot, entry: Option.none() }
  }
  return {
    ...store,
    load: (key) => Effect.map(store.load(key), without(key)),
    acquire: (key, owner, life) => Effect.map(store.acquire(key, owner, life), without(key)),
    swap: (key, generation, entry, release) =>
      Effect.tap(
        store.swap(key, generation === 0 ? generations.get(key) ?? 0 : generation, entry, release),
        () => Effect.sync(() => replaced.add(key))
      )
  }
}

const until = (millis: number | undefined): string =>
  millis === undefined ? "" : `, for another ${durationText.show(Math.max(1000, millis))}`

/** Notes that a command waits for the end of an earlier failure, or ends with that failure and sent nothing. */
export const remembering = (isSent: () => boolean, note: (line: string) => Effect.Effect<void>) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    let remembered: TokenError | undefined
    const retryAfter = () => remembered && retryAfterOf(remembered)
    const whileWaiting = Effect.suspend(() => {
      const left = retryAfter()
      const duration = left === undefined ? "" : ` ${durationText.show(left)}`
      return isSent() ? Effect.void : note(`Waiting${duration}: an earlier token request failed.`)
    })
    yield* Scope.addFinalizerExit(scope, (exit) => {
      const isEnd = Exit.isFailure(exit) && Chunk.some(Cause.failures(exit.cause), (error) => error === remembered)
      return !isEnd || isSent() ? Effect.void : note(
        `The failure of an earlier token request is remembered${
          until(retryAfter())
        }, and no request was sent. effect-oauth token --fresh sends one now.`
      )
    })
    return (endpoint: TokenEndpoint.TokenEndpoint): TokenEndpoint.TokenEndpoint => ({
      ...endpoint,
      requestToken: (request, options) =>
        Effect.tapError(endpoint.requestToken(request, options), (error) => {
          if (!isOfServer(error) || isSent()) return Effect.void
          const isFirst = remembered === undefined
          remembered = error
          // A command whose cached token is usable does not wait.
          return isFirst && options?.reason !== "renewal"
            ? Effect.forkIn(Effect.delay(whileWaiting, notedAfter), scope)
            : Effect.void
        })
    })
  })

/** Decorates the `TokenEndpoint` of the context. `fresh` requests a token, whatever the store holds. */
export const layer = ({ fresh }: { readonly fresh: boolean }) =>
  Layer.scoped(
    TokenEndpoint.TokenEndpoint,
    Effect.gen(function*() {
      const { note } = yield* Screen
      const network = yield* TokenEndpoint.TokenEndpoint
      const store = yield* TokenStore.TokenStore
      let isSent = false
      const counted: TokenEndpoint.TokenEndpoint = {
        ...network,
        requestToken: (request, options) =>
          Effect.suspend(() => {
            isSent = true
            return network.requestToken(request, options)
          })
      }
      const shared = yield* SharedTokens.decorate(counted, { leaseLife }).pipe(
        Effect.provideService(TokenStore.TokenStore, noting(fresh ? emptied(store) : store, note))
      )
      return (yield* remembering(() => isSent, note))(shared)
    })
  )
