/**
 * The JSON body that request items describe, in the syntax of HTTPie for nested members:
 *
 *     user[name]=Ada   tags[]=a   tags[]=b   matrix[0][1]:=2   []=first
 *
 * `\[`, `\]` and `\\` are these characters; `[\1]` and `[\-1]` are the keys "1" and "-1".
 */
import * as Either from "effect/Either"

import { type Failure, usage } from "./Failure.js"
import { type JsonText, oneLine, parts, quote } from "./jsonText.js"

type Step =
  | { readonly _tag: "Key"; readonly key: string }
  | { readonly _tag: "Index"; readonly index: number }
  | { readonly _tag: "Append" }

type Tree =
  | { readonly _tag: "Leaf"; readonly json: JsonText }
  | { readonly _tag: "Object"; readonly fields: Map<string, Tree> }
  | { readonly _tag: "Array"; readonly elements: Array<Tree | undefined> }

/** The maximum index: a larger one is probably a mistake. */
const maxIndex = 100_000

const bad = (
  name: string,
  problem: string,
  remedy = "Inner keys are written a[b], a[0] or a[]; \\[ is a bracket itself."
) => Either.left(usage(`The key "${name}" ${problem}.`, remedy))

/** An index as HTTPie reads it: as Python reads an integer. */
const integer = /^\s*[+-]?\d+(?:_\d+)*\s*$/

export const path = (name: string): Either.Either<ReadonlyArray<Step>, Failure> => {
  const steps: Array<Step> = []
  let [text, isText, isInside] = ["", false, false]
  const step = (): Step =>
    text === "" && !isText
      ? { _tag: "Append" }
      : integer.test(text) && !isText
      ? { _tag: "Index", index: Number(text.replaceAll("_", "")) }
      : { _tag: "Key", key: text }

  for (let at = 0; at < name.length; at += 1) {
    const [character = "", next = ""] = [name[at], name[at + 1]]
    if (character === "\\" && /[[\]\\]/.test(next)) {
      text += next
      at += 1
    } else if (character === "\\" && text === "" && isInside && /[\d+-]/.test(next)) isText = true
    else if (character === "[") {
      if (isInside) return bad(name, "has a bracket within brackets")
      if (steps.length === 0 && at > 0) steps.push({ _tag: "Key", key: text })
      else if (text !== "") return bad(name, "has characters between brackets")
      ;[text, isText, isInside] = ["", false, true]
    } else if (character === "]") {
      if (!isInside) return bad(name, "closes a bracket that is not open")
      const found = step()
      if (found._tag === "Key" && steps.length === 0) {
        return bad(name, "begins with a bracket, and names no element of a list")
      }
      if (found._tag === "Index" && found.index < 0) {
        return bad(name, "has an index below 0", "Lists begin with 0; [\\-1] is the key \"-1\" of an object.")
      }
      steps.push(found)
      ;[text, isText, isInside] = ["", false, false]
    } else text += character
  }
  if (isInside) return bad(name, "does not close its bracket")
  if (steps.length === 0) return Either.right([{ _tag: "Key", key: text }])
  return text === "" ? Either.right(steps) : bad(name, "has characters after its brackets")
}

/** The value of an item as a tree: other items may add to a list or to an object. */
const treeOf = (json: JsonText): Tree => {
  const found = parts(json)
  if (found === undefined) return { _tag: "Leaf", json }
  return found._tag === "Array"
    ? { _tag: "Array", elements: found.elements.map((json) => ({ _tag: "Leaf", json })) }
    : { _tag: "Object", fields: new Map(found.fields.map(([key, json]) => [key, { _tag: "Leaf", json }])) }
}

const kind = { Leaf: "a value", Object: "an object", Array: "a list" } as const

/** Inserts a value into a tree, in place. */
const put = (
  name: string,
  tree: Tree | undefined,
  [step, ...rest]: ReadonlyArray<Step>,
  value: Tree
): Either.Either<Tree, Failure> => {
  if (step === undefined) return Either.right(value)
  const existing = tree?._tag === "Leaf" ? treeOf(tree.json) : tree
  if (step._tag === "Key") {
    const into = existing ?? { _tag: "Object", fields: new Map() }
    if (into._tag !== "Object") return bad(name, `needs an object where there is ${kind[into._tag]}`)
    return Either.map(put(name, into.fields.get(step.key), rest, value), (inner) => {
      into.fields.set(step.key, inner)
      return into
    })
  }
  const into = existing ?? { _tag: "Array", elements: [] }
  if (into._tag !== "Array") return bad(name, `needs a list where there is ${kind[into._tag]}`)
  const index = step._tag === "Append" ? into.elements.length : step.index
  if (index > maxIndex) return bad(name, `has an index beyond ${maxIndex}`)
  return Either.map(put(name, into.elements[index], rest, value), (inner) => {
    into.elements[index] = inner
    return into
  })
}

const write = (tree: Tree | undefined): string => {
  if (tree === undefined) return "null"
  switch (tree._tag) {
    case "Leaf":
      return oneLine(tree.json)
    case "Object":
      return `{${[...tree.fields].map(([key, value]) => `${quote(key)}: ${write(value)}`).join(", ")}}`
    case "Array":
      return `[${Array.from(tree.elements, write).join(", ")}]`
  }
}

/** Returns the JSON of the body, as HTTPie writes it. */
export const make = (
  entries: ReadonlyArray<{ readonly name: string; readonly value: JsonText }>
): Either.Either<string, Failure> => {
  let root: Tree | undefined
  for (const { name, value } of entries) {
    const next = Either.flatMap(path(name), (steps) => put(name, root, steps, { _tag: "Leaf", json: value }))
    if (Either.isLeft(next)) return Either.left(next.left)
    root = next.right
  }
  return Either.right(root === undefined ? "" : write(root))
}
