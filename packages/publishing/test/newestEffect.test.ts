/**
 * Incompatible changes in a newer version of Effect are listed by the names of Effect, from messages of the compiler.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

import { afterAll, assert, it } from "vitest"

import { brokenApi } from "../../../scripts/brokenApi.mjs"

const compiler = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url))
const directory = mkdtempSync(join(tmpdir(), "newest-effect-"))
afterAll(() => rmSync(directory, { recursive: true }))

const put = (path: string, text: string) => {
  mkdirSync(dirname(join(directory, path)), { recursive: true })
  writeFileSync(join(directory, path), text)
}

/** Creates a program, with a version of Effect that has these modules. */
const messages = (modules: Readonly<Record<string, string>>, program: string): string => {
  rmSync(join(directory, "node_modules"), { recursive: true, force: true })
  put("package.json", "{ \"type\": \"module\" }")
  put(
    "node_modules/effect/package.json",
    JSON.stringify({
      name: "effect",
      type: "module",
      exports: { ".": { types: "./dist/index.d.ts" }, "./*": { types: "./dist/*.d.ts" } }
    })
  )
  for (const [path, text] of Object.entries(modules)) put(`node_modules/effect/dist/${path}.d.ts`, text)
  put("program.ts", program)
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--pretty", "false"]
  return spawnSync(process.execPath, [compiler, ...options, "program.ts"], { cwd: directory, encoding: "utf8" }).stdout
}

const read = (file: string) => readFileSync(join(directory, file), "utf8")

const program = `import { Clock } from "effect"
import * as Effect from "effect/Effect"
import { HttpBody } from "effect/http"
import * as HttpClient from "effect/http/HttpClient"

export const a: number = Effect.succeed(1)
export const b = Effect.orDie(Effect.succeed(2))
export const c: Effect.Yieldable = HttpBody.empty
export const d = HttpClient.get(Clock.now)
const own: number = ""
`

const whole = {
  index: "export * as Clock from \"./Clock.js\"",
  Clock: "export declare const now: number",
  Effect: "export declare const succeed: (a: number) => number\nexport declare const orDie: (a: number) => number\n" +
    "export type Yieldable = number",
  "http/index": "export * as HttpBody from \"./HttpBody.js\"",
  "http/HttpBody": "export declare const empty: number",
  "http/HttpClient": "export declare const get: (a: number) => number"
}
const barrel = { "http": "export * as HttpBody from \"./http/HttpBody.js\"" }

it("no existing name is listed", () => {
  assert.deepStrictEqual(brokenApi(messages({ ...whole, ...barrel }, program), read), [
    "Type 'string' is not assignable to type 'number'. (program.ts:10)"
  ])
})

it("each name that is missing or has changed is listed, with its places", () => {
  const { Clock: _, "http/HttpClient": __, ...rest } = whole
  const broken = brokenApi(
    messages({
      ...rest,
      index: "export {}",
      Effect: "export declare const succeed: (a: number) => string",
      http: "export {}"
    }, program),
    read
  )
  assert.deepStrictEqual(broken, [
    "effect/Effect: Yieldable is missing (program.ts:8)",
    "effect/Effect: orDie is missing (program.ts:7)",
    "effect/http/HttpClient is missing (program.ts:4)",
    "effect/http: HttpBody is missing (program.ts:3)",
    "effect: Clock is missing (program.ts:1)",
    "effect/Effect: succeed has changed: Type 'string' is not assignable to type 'number'. (program.ts:6)",
    "Type 'string' is not assignable to type 'number'. (program.ts:10)"
  ])
})

it("a name with an alternative is listed too", () => {
  const broken = brokenApi(
    messages({ ...whole, ...barrel, Effect: `${whole.Effect.replace("orDie", "orDies")}` }, program),
    read
  )
  assert.deepStrictEqual(broken, [
    "effect/Effect: orDie is missing (program.ts:7)",
    "Type 'string' is not assignable to type 'number'. (program.ts:10)"
  ])
})
