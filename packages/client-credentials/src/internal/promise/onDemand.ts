/**
 * Runs calls of programs without Effect on one build of a layer, which the first call starts.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

import { ClientClosed } from "../../OAuthError.js"
import { isRequestBound } from "../protocol/edgeRuntime.js"

/** Runner of the calls of a client. */
export interface Running<Services> {
  readonly run: <A>(effect: Effect.Effect<A, unknown, Services>, signal?: AbortSignal) => Promise<A>
  /** Registers a function that runs with an error when the client is closed. Returns a function that removes it. */
  readonly onClose: (end: (error: ClientClosed) => void) => () => void
  readonly close: () => Promise<void>
}

const errorOf = (cause: Cause.Cause<unknown>): Error => {
  const error = Cause.squash(cause)
  if (error instanceof Error) return error
  // A `ConfigError` is not an `Error`, and would be shown as its fields.
  const tag = typeof error === "object" && error !== null && "_tag" in error ? { _tag: error._tag } : {}
  return Object.assign(new Error(String(error), { cause: error }), tag)
}

const closed = () => new ClientClosed()

/** Runs calls on one build of a layer, until the client is closed. */
export const running = <Services, E>(layer: Layer.Layer<Services, E>): Running<Services> => {
  const isBound = isRequestBound()
  const shared = isBound ? buildByEach(layer) : buildOnDemand(layer)
  const calls = new Set<() => void>()
  const onClose = (end: () => void) => {
    calls.add(end)
    return () => {
      calls.delete(end)
    }
  }
  /** Never succeeds; is interrupted by `close`. */
  const interruptedByClose = Effect.async<never>((resume) => {
    const end = () => resume(Effect.interrupt)
    return shared.isClosed() ? end() : Effect.sync(onClose(end))
  })
  return {
    run: async (effect, signal) => {
      signal?.throwIfAborted()
      const call = Effect.flatMap(
        Effect.promise(shared.runtime),
        (runtime) => Effect.promise((signal) => runtime.runPromiseExit(effect, { signal }))
      )
      const sent = await Effect.runPromiseExit(
        // A call that ends with its request would never be removed from those that `close` ends.
        isBound ? call : Effect.raceFirst(call, interruptedByClose),
        signal === undefined ? undefined : { signal }
      )
      const exit = Exit.isSuccess(sent) ? sent.value : Exit.failCause(sent.cause)
      if (Exit.isSuccess(exit)) return exit.value
      signal?.throwIfAborted()
      throw shared.isClosed() && Cause.isInterruptedOnly(exit.cause) ? closed() : errorOf(exit.cause)
    },
    // A registration that ends with its request would never be removed.
    onClose: (end) => isBound ? () => undefined : onClose(() => end(closed())),
    close: () => {
      const closing = shared.close()
      for (const end of calls) end()
      return closing
    }
  }
}

/**
 * Builds a layer once for all callers. A failed build is released before the next one starts, so that none of its resources
 * stay open.
 */
const buildOnDemand = <R, E>(layer: Layer.Layer<R, E>) => {
  type Runtime = ManagedRuntime.ManagedRuntime<R, E>
  // No `Ref`: callers are plain promises, before a runtime exists.
  let current: { readonly runtime: Runtime; readonly ready: Promise<Runtime> } | undefined
  let closing: Promise<void> | undefined

  const build = async (runtime: Runtime): Promise<Runtime> => {
    const exit = await runtime.runPromiseExit(Effect.void)
    if (closing !== undefined) throw closed()
    if (Exit.isSuccess(exit)) return runtime
    await runtime.dispose().catch(() => undefined)
    current = undefined
    throw errorOf(exit.cause)
  }

  return {
    runtime: (): Promise<Runtime> => {
      if (closing !== undefined) return Promise.reject(closed())
      if (current === undefined) {
        const runtime = ManagedRuntime.make(layer)
        current = { runtime, ready: build(runtime) }
      }
      return current.ready
    },
    isClosed: () => closing !== undefined,
    close: () => closing ??= current?.runtime.dispose() ?? Promise.resolve()
  }
}

/** Builds a layer on platforms where no request waits for another: each request builds it until one build has succeeded. */
const buildByEach = <R, E>(layer: Layer.Layer<R, E>): ReturnType<typeof buildOnDemand<R, E>> => {
  let built: ManagedRuntime.ManagedRuntime<R, E> | undefined
  let closing: Promise<void> | undefined
  return {
    runtime: async () => {
      if (closing !== undefined) throw closed()
      if (built !== undefined) return built
      const runtime = ManagedRuntime.make(layer)
      const exit = await runtime.runPromiseExit(Effect.void)
      const first = Exit.isSuccess(exit) && closing === undefined ? built ??= runtime : undefined
      if (first !== runtime) await runtime.dispose().catch(() => undefined)
      if (first !== undefined) return first
      throw Exit.isFailure(exit) && closing === undefined ? errorOf(exit.cause) : closed()
    },
    isClosed: () => closing !== undefined,
    close: () => closing ??= built?.dispose() ?? Promise.resolve()
  }
}
