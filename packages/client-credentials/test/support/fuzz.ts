/**
 * Fuzzing: a parser receives its stored inputs, changes of them, and inputs of an arbitrary. An input that breaks a
 * property is shrunk, stored in `corpus`, and tried first from then on.
 */
import { createHash } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import type { Counts } from "./runs.js"
import * as seeded from "./seeded.js"

/** The number of changed inputs for each parser; a quarter as many are arbitrary. */
const counts: Counts = { quick: 100, full: 2000 }

const part = (share: number): Counts => ({
  quick: Math.ceil(counts.quick * share),
  full: Math.ceil(counts.full * share)
})

/** A value that must not be shown. It occurs in stored inputs and in the dictionary, and so in many inputs. */
export const canary = "c4n4ry"

const folder = (parser: string): string => fileURLToPath(new URL(`../corpus/${parser}/`, import.meta.url))

/** Reads the stored inputs. Each file is a JSON string, since not every string can be stored unencoded. */
const corpus = (parser: string): ReadonlyArray<readonly [string, string]> =>
  readdirSync(folder(parser)).sort().map((name) =>
    [name, JSON.parse(readFileSync(folder(parser) + name, "utf8")) as string] as const
  )

const keep = (parser: string, input: string): string => {
  const name = `found-${createHash("sha256").update(input).digest("hex").slice(0, 12)}.json`
  mkdirSync(folder(parser), { recursive: true })
  writeFileSync(folder(parser) + name, `${JSON.stringify(input)}\n`)
  return name
}

/** Returns a generator of numbers from 0 to less than 1, the same for the same seed. */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
}

const common = [
  ...[
    canary,
    "\0",
    "\r\n",
    "\n",
    "\t",
    " ",
    "\"",
    "\\",
    "'",
    ",",
    ";",
    ":",
    "=",
    "&",
    "%00",
    "%",
    "\u2028",
    "\ud800",
    "\udfff"
  ],
  ...["\u001b[31m", "é", "\uffff", "null", "true", "[]", "{}", "[", "]", "{", "}", "-1", "0", "1e999", "-1e999", "NaN"],
  ...[
    "9007199254740992",
    "0.1",
    "__proto__",
    "constructor",
    "toString",
    "\u202e",
    "<script>",
    "..",
    "/",
    "//",
    "#",
    "?",
    "@"
  ]
]

type Random = () => number

const below = (next: Random, limit: number): number => Math.floor(next() * limit)
const pick = <A>(next: Random, from: ReadonlyArray<A>): A => from[below(next, from.length)] as A

/** Changes of a string, one of which is applied at a time. */
const changes: ReadonlyArray<
  (text: string, next: Random, others: ReadonlyArray<string>, dictionary: ReadonlyArray<string>) => string
> = [
  // Flips a bit of one character.
  (text, next) => {
    const at = below(next, text.length)
    return text.slice(0, at) + String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << below(next, 8))) +
      text.slice(at + 1)
  },
  // Inserts any character.
  (text, next) => {
    const at = below(next, text.length + 1)
    return text.slice(0, at) + String.fromCharCode(below(next, next() < 0.9 ? 256 : 65_536)) + text.slice(at)
  },
  // Inserts a word of the dictionary, or replaces a part by it.
  (text, next, _, dictionary) => {
    const at = below(next, text.length + 1)
    return text.slice(0, at) + pick(next, dictionary) + text.slice(at + (next() < 0.5 ? 0 : below(next, 12)))
  },
  (text, next) => text.slice(0, below(next, text.length + 1)),
  (text, next) => text.slice(below(next, text.length + 1)),
  (text, next) => {
    const at = below(next, text.length + 1)
    return text.slice(0, at) + text.slice(at + 1 + below(next, 20))
  },
  // Joins the first part of one input and the last part of another.
  (text, next, others) => {
    const other = pick(next, others)
    return text.slice(0, below(next, text.length + 1)) + other.slice(below(next, other.length + 1))
  },
  // Repeats a part.
  (text, next) => {
    const at = below(next, text.length + 1)
    const part = text.slice(at, at + 1 + below(next, 20))
    return text.slice(0, at) + part.repeat(1 + below(next, 50)) + text.slice(at)
  },
  // Nests a value in many brackets.
  (text, next) => {
    const at = below(next, text.length + 1)
    const [open, close] = pick(next, [["[", "]"], [`{"a":`, "}"], ["\"", "\""], ["(", ")"]])
    const depth = 1 + below(next, next() < 0.02 ? 30_000 : 200)
    return text.slice(0, at) + open.repeat(depth) + text.slice(at) + close.repeat(depth)
  },
  (text, next) => next() < 0.5 ? text.toUpperCase() : text.toLowerCase(),
  // Replaces digits.
  (text, next, _, dictionary) =>
    text.replace(/\d+/, () => pick(next, [...dictionary, "9".repeat(1 + below(next, 400))]))
]

const mutated = (next: Random, texts: ReadonlyArray<string>, dictionary: ReadonlyArray<string>): string => {
  let text = pick(next, texts)
  for (let count = 1 + below(next, 5); count > 0; count -= 1) text = pick(next, changes)(text, next, texts, dictionary)
  return text
}

export interface Target {
  /** Throws or rejects when the property does not hold. */
  readonly property: (input: string) => void | Promise<void>
  readonly dictionary?: ReadonlyArray<string>
  readonly arbitrary?: fc.Arbitrary<string>
  /** Creates valid inputs that are better not stored, such as keys. */
  readonly made?: () => Promise<ReadonlyArray<string>>
  /** Share of the runs, for a slow property. */
  readonly share?: number
  /** The pieces that long inputs repeat, each with an optional prefix. */
  readonly long?: ReadonlyArray<string | readonly [string, string]>
}

const pieces = ["[", "{\"a\":", "\"", "\\", "a", " ", "9", "é", canary]

/** Returns the error of the property for this input; undefined if it holds. */
const failureOf = async ({ property }: Target, input: string): Promise<{ readonly error: unknown } | undefined> => {
  try {
    await property(input)
    return undefined
  } catch (error) {
    return { error }
  }
}

/** Returns a smaller input that fails too. */
const smaller = async (target: Target, input: string): Promise<string> => {
  let tries = 300
  for (let size = Math.ceil(input.length / 2); size >= 1 && tries > 0; size = Math.floor(size / 2)) {
    for (let at = 0; at < input.length && tries > 0;) {
      const shorter = input.slice(0, at) + input.slice(at + size)
      tries -= 1
      if (await failureOf(target, shorter) === undefined) at += size
      else input = shorter
    }
  }
  return input
}

const report = async (parser: string, target: Target, input: string): Promise<never> => {
  const small = await smaller(target, input)
  const name = keep(parser, small)
  const failure = await failureOf(target, small)
  throw new Error(`${parser} fails for ${JSON.stringify(small).slice(0, 500)}, kept as ${name}`, {
    cause: failure?.error
  })
}

export const fuzz = (parser: string, target: Target): void => {
  const share = target.share ?? 1
  // Enough time on a machine with busy cores, for ten times the full count as well.
  const timeout = 300_000 + counts.full * 1000
  describe(parser, () => {
    it("holds for stored inputs", async () => {
      const kept = corpus(parser)
      assert.isNotEmpty(kept)
      for (const [name, input] of kept) {
        const failure = await failureOf(target, input)
        if (failure !== undefined) throw new Error(`${parser} fails for ${name}`, { cause: failure.error })
      }
    }, timeout)

    it("holds for changes of them", async () => {
      const { numRuns = 0, seed } = seeded.parameters(`fuzzing ${parser}`, part(share))
      const next = random(seed ?? 0)
      const made = await target.made?.() ?? []
      for (const input of made) await target.property(input)
      const texts = [...corpus(parser).map(([, text]) => text), ...made]
      const dictionary = [...common, ...target.dictionary ?? []]
      for (let run = 0; run < numRuns; run += 1) {
        const input = mutated(next, texts, dictionary)
        if (await failureOf(target, input) !== undefined) await report(parser, target, input)
      }
    }, timeout)

    it("holds for arbitrary inputs", async () => {
      const outcome = await fc.check(
        fc.asyncProperty(
          fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), target.arbitrary ?? fc.json()),
          (input) => Promise.resolve(target.property(input))
        ),
        seeded.parameters(`arbitrary ${parser}`, part(share / 4)) as fc.Parameters<[string]>
      )
      const [input] = outcome.counterexample ?? []
      if (input !== undefined) await report(parser, target, input)
    }, timeout)

    for (const long of target.long ?? pieces) {
      const [start, piece] = typeof long === "string" ? ["", long] as const : long
      it(
        `takes no longer than it should for a mebibyte of ${JSON.stringify(piece)} after ${JSON.stringify(start)}`,
        async () => {
          const began = performance.now()
          await target.property(start + piece.repeat(1_048_576 / piece.length))
          // Takes milliseconds, or seconds on a machine with busy cores. Quadratic time would be many minutes.
          assert.isBelow(performance.now() - began, 120_000)
        },
        timeout
      )
    }
  })
}
