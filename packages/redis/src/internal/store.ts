/**
 * The store on whatever runs its scripts.
 */
import { TokenStoreError } from "@effect-oauth/client-credentials/OAuthError"
import * as TokenStore from "@effect-oauth/client-credentials/TokenStore"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

import { problemOf } from "./problem.js"
import * as scripts from "./scripts.js"

/** Runs a script on one key, as the command `EVAL` does, and returns its reply: integers as numbers. */
export type Evaluate = (
  signal: AbortSignal,
  script: string,
  key: string,
  args: Array<string>
) => Promise<unknown>

export interface Settings {
  readonly prefix: string
  /** In milliseconds. */
  readonly timeout: number
}

export const validate = (options: object | undefined) =>
  TokenStore.validateServerOptions(options, { prefix: "effect-oauth", timeout: "2 seconds" })

export const make = (evaluate: Evaluate, { prefix, timeout }: Settings): TokenStore.TokenStore => {
  const run = (operation: TokenStoreError["operation"], script: string, key: string, ...args: Array<string>) =>
    Effect.tryPromise({
      try: async (signal) => scripts.attemptOf(await evaluate(signal, script, `${prefix}:${key}`, args)),
      catch: (error) => new TokenStoreError({ operation, problem: problemOf(error) })
    }).pipe(
      // Leases are taken and given back in uninterruptible regions.
      Effect.interruptible,
      Effect.timeoutFail({
        duration: timeout,
        onTimeout: () => new TokenStoreError({ operation, problem: `no response within ${Duration.format(timeout)}` })
      })
    )

  return {
    load: (key) => run("load", scripts.load, key),
    swap: (key, generation, { expiresAt, value }, release = "") =>
      run("swap", scripts.swap, key, String(generation), value, String(expiresAt), release),
    acquire: (key, owner, life) =>
      run("acquire", scripts.acquire, key, owner, String(Math.max(1, Math.ceil(Duration.toMillis(life))))),
    release: (key, owner) => Effect.asVoid(run("release", scripts.release, key, owner))
  }
}
