/**
 * Runs calls of programs without Effect on one build of a layer, which the first call starts.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { constVoid } from "effect/Function"
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
  const calls = new Set<(error: ClientClosed) => void>()
  // A registration that ends with its request would never be removed.
  const onClose: Running<Services>["onClose"] = (end) => {
    if (isBound) return constVoid
    calls.add(end)
    return () => {
      calls.delete(end)
    }
  }
  return {
    // In one fiber: a second one, which waits for `close` beside it, costs as much as the call.
    run: (effect, signal) =>
      new Promise((resolve, reject) => {
        let interrupt: () => void = constVoid
        let isOver = false
        const end = () => {
          isOver = true
          unregister()
          signal?.removeEventListener("abort", onAbort)
        }
        const stop = (error: unknown) => {
          if (isOver) return
          end()
          reject(error)
          interrupt()
        }
        const onAbort = () => stop(signal?.reason)
        const unregister = onClose(stop)
        if (signal?.aborted === true) return onAbort()
        signal?.addEventListener("abort", onAbort)
        shared.runtime().then((runtime) => {
          if (isOver) return
          interrupt = runtime.runCallback(effect, {
            onExit: (exit) => {
              if (isOver) return
              end()
              if (Exit.isSuccess(exit)) resolve(exit.value)
              else reject(shared.isClosed() && Cause.isInterruptedOnly(exit.cause) ? closed() : errorOf(exit.cause))
            }
          })
        }, stop)
      }),
    onClose,
    close: () => {
      // First: the end of the runtime interrupts the calls, in Effect 4 before `close` returns.
      for (const end of calls) end(closed())
      return shared.close()
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
  let isClosed = false
  let closing: Promise<void> | undefined

  const build = async (runtime: Runtime): Promise<Runtime> => {
    const exit = await runtime.runPromiseExit(Effect.void)
    if (isClosed) throw closed()
    if (Exit.isSuccess(exit)) return runtime
    await runtime.dispose().catch(() => undefined)
    current = undefined
    throw errorOf(exit.cause)
  }

  return {
    runtime: (): Promise<Runtime> => {
      if (isClosed) return Promise.reject(closed())
      if (current === undefined) {
        const runtime = ManagedRuntime.make(layer)
        current = { runtime, ready: build(runtime) }
      }
      return current.ready
    },
    isClosed: () => isClosed,
    close: () => {
      isClosed = true
      return closing ??= current?.runtime.dispose() ?? Promise.resolve()
    }
  }
}

/** Builds a layer on platforms where no request waits for another: each request builds it until one build has succeeded. */
const buildByEach = <R, E>(layer: Layer.Layer<R, E>): ReturnType<typeof buildOnDemand<R, E>> => {
  let built: ManagedRuntime.ManagedRuntime<R, E> | undefined
  let isClosed = false
  let closing: Promise<void> | undefined
  return {
    runtime: async () => {
      if (isClosed) throw closed()
      if (built !== undefined) return built
      const runtime = ManagedRuntime.make(layer)
      const exit = await runtime.runPromiseExit(Effect.void)
      const first = Exit.isSuccess(exit) && !isClosed ? built ??= runtime : undefined
      if (first !== runtime) await runtime.dispose().catch(() => undefined)
      if (first !== undefined) return first
      throw Exit.isFailure(exit) && !isClosed ? errorOf(exit.cause) : closed()
    },
    isClosed: () => isClosed,
    close: () => {
      isClosed = true
      return closing ??= built?.dispose() ?? Promise.resolve()
    }
  }
}
