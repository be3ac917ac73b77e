/**
 * The request items of HTTPie, one for each argument.
 *
 *     Header:value   Header:   Header;   Header:@file
 *     name==value    name==@file
 *     key=value      key=@file
 *     key:=json      key:=@file
 *     key@file       @file
 *
 * An item is split at its first separator; of several at one position, at the longest. A backslash escapes the characters of
 * separators.
 */
import * as Either from "effect/Either"

import { type Failure, usage } from "./Failure.js"

/** A value, or the file that holds it. */
export type Source = { readonly _tag: "Text"; readonly text: string } | { readonly _tag: "File"; readonly path: string }

export type RequestItem<A = Source> =
  | { readonly _tag: "Header"; readonly name: string; readonly value: A }
  | { readonly _tag: "UnsetHeader"; readonly name: string }
  | { readonly _tag: "Query"; readonly name: string; readonly value: A }
  | { readonly _tag: "Data"; readonly name: string; readonly value: A }
  | { readonly _tag: "Json"; readonly name: string; readonly value: A }
  | { readonly _tag: "Upload"; readonly name: string; readonly path: string; readonly type: string | undefined }

const separators = [":=@", "==@", "=@", ":@", ":=", "==", "=", ":", ";", "@"] as const

type Separator = typeof separators[number]

interface Split {
  readonly name: string
  readonly separator: Separator
  readonly value: string
}

const unescape = (text: string): string => text.replace(/\\([:;=@])/g, "$1")

export const split = (argument: string): Split | undefined => {
  for (let at = 0; at < argument.length; at += 1) {
    if (argument[at] === "\\") {
      at += 1
      continue
    }
    const separator = separators.find((one) => argument.startsWith(one, at))
    if (separator !== undefined) {
      return {
        name: unescape(argument.slice(0, at)),
        separator,
        value: unescape(argument.slice(at + separator.length))
      }
    }
  }
  return undefined
}

const text = (value: string): Source => ({ _tag: "Text", text: value })
const file = (path: string): Source => ({ _tag: "File", path })

// RFC 9110 section 5.6.2.
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Returns true if a string has no control character except the tab (RFC 9110 section 5.5). */
export const isHeaderValue = (text: string): boolean => !/[\x00-\x08\x0a-\x1f\x7f]/.test(text)

const wrong = (argument: string, problem: string) =>
  Either.left(usage(
    `The request item "${argument.length > 60 ? `${argument.slice(0, 60)}...` : argument}" ${problem}.`,
    "Items are Header:value, name==value, key=value, key:=json, key=@file, key:=@file or @file."
  ))

const item = (argument: string): Either.Either<RequestItem, Failure> => {
  const found = split(argument)
  if (found === undefined) return wrong(argument, "has no separator")
  const { name, separator, value } = found
  const header = (made: RequestItem): Either.Either<RequestItem, Failure> =>
    !headerName.test(name)
      ? wrong(argument, "names no header")
      : made._tag === "Header" && made.value._tag === "Text" && !isHeaderValue(made.value.text)
      ? wrong(argument, "has a line break or another control character in it, which no header may have")
      : Either.right(made)
  switch (separator) {
    case ":":
      return header(value === "" ? { _tag: "UnsetHeader", name } : { _tag: "Header", name, value: text(value.trim()) })
    case ";":
      return value === ""
        ? header({ _tag: "Header", name, value: text("") })
        : wrong(argument, "has a value after the semicolon, which means an empty header")
    case ":@":
      return header({ _tag: "Header", name, value: file(value) })
    case "==":
      return Either.right({ _tag: "Query", name, value: text(value) })
    case "==@":
      return Either.right({ _tag: "Query", name, value: file(value) })
    case "=":
      return Either.right({ _tag: "Data", name, value: text(value) })
    case "=@":
      return Either.right({ _tag: "Data", name, value: file(value) })
    case ":=":
      return Either.right({ _tag: "Json", name, value: text(value) })
    case ":=@":
      return Either.right({ _tag: "Json", name, value: file(value) })
    case "@": {
      const [, path = value, type] = /^(.*);type=([\w.+-]+\/[\w.+-]+)$/.exec(value) ?? []
      return path === "" ? wrong(argument, "names no file") : Either.right({ _tag: "Upload", name, path, type })
    }
  }
}

export const parse = (args: ReadonlyArray<string>): Either.Either<ReadonlyArray<RequestItem>, Failure> =>
  Either.all(args.map(item))

/** Returns true if the item is part of the body, so that the default method is POST. */
export const isBody = ({ _tag }: RequestItem<unknown>): boolean =>
  _tag === "Data" || _tag === "Json" || _tag === "Upload"
