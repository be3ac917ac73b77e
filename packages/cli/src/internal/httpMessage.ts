/**
 * The request that items and options describe, as HTTPie would send it.
 */
import * as Either from "effect/Either"

import { type Failure, usage } from "./Failure.js"
import * as formText from "./formText.js"
import * as headerText from "./headerText.js"
import * as jsonText from "./jsonText.js"
import * as multipart from "./multipart.js"
import * as nestedJson from "./nestedJson.js"
import { isBody, type RequestItem } from "./requestItem.js"

/** A file that was read. */
export interface File {
  readonly name: string
  readonly type: string | undefined
  readonly content: Uint8Array
}

/** An item whose files were read. */
export type Loaded =
  | Exclude<RequestItem<string>, { readonly _tag: "Upload" }>
  | { readonly _tag: "Upload"; readonly name: string; readonly file: File }

export interface Options {
  readonly method: string | undefined
  readonly form: boolean
  /** True if the headers for JSON are sent, also without a body. */
  readonly json?: boolean
  readonly multipart: boolean
  /** The body itself: from `--raw` or from standard input. */
  readonly raw: Uint8Array | undefined
  readonly boundary: string
}

export interface Message {
  readonly method: string
  readonly query: string
  /** Names in lower case. A header that is given more than once is a list (RFC 9110 section 5.3). */
  readonly headers: ReadonlyMap<string, string>
  /** The lines of the headers that are given more than once. */
  readonly repeated: headerText.Repeated
  readonly body: Uint8Array | undefined
}

interface Body {
  readonly content: Uint8Array | undefined
  readonly type: string | undefined
  readonly isJson: boolean
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const mixed = usage(
  "There are request items for the body, and a body beside them.",
  "Give either key=value items, or one of --raw, @file and standard input (--ignore-stdin leaves that alone)."
)

const jsonBody = (items: ReadonlyArray<Loaded>): Either.Either<Uint8Array, Failure> =>
  Either.all(items.flatMap((item) => {
    if (item._tag === "Data") {
      return [Either.right({ name: item.name, value: { json: jsonText.quote(item.value) } })]
    }
    if (item._tag !== "Json") return []
    return [
      jsonText.read(item.value).pipe(
        Either.map((value) => ({ name: item.name, value })),
        Either.mapLeft((problem) =>
          usage(
            `The value of "${item.name}:=" ${problem}.`,
            "For a string, write key=value; quote JSON for the shell."
          )
        )
      )
    ]
  })).pipe(Either.flatMap(nestedJson.make), Either.map(bytes))

/** The field of a form: a string, or a JSON value as it is written, without the quotes of a string. */
const field = (item: Extract<Loaded, { readonly _tag: "Data" | "Json" }>): Either.Either<string, Failure> =>
  item._tag === "Data" ? Either.right(item.value) : jsonText.read(item.value).pipe(
    Either.mapLeft((problem) => usage(`The value of "${item.name}:=" ${problem}.`)),
    Either.flatMap(({ json }) => {
      const value: unknown = JSON.parse(json)
      return typeof value === "string"
        ? Either.right(value)
        : typeof value === "object"
        ? Either.left(usage(
          `A form has no ${
            value === null ? "null" : Array.isArray(value) ? "lists" : "objects"
          }, as in "${item.name}:=".`,
          `Write ${item.name}=TEXT to send TEXT itself, or leave out --form and --multipart to send JSON.`
        ))
        : Either.right(json.trim())
    })
  )

const formFields = (items: ReadonlyArray<Loaded>): Either.Either<ReadonlyArray<readonly [string, string]>, Failure> =>
  Either.all(
    items.flatMap((item) =>
      item._tag === "Data" || item._tag === "Json"
        ? [Either.map(field(item), (value) => [item.name, value] as const)]
        : []
    )
  )

const parts = (items: ReadonlyArray<Loaded>): Either.Either<ReadonlyArray<multipart.Part>, Failure> =>
  Either.all(items.flatMap((item): ReadonlyArray<Either.Either<multipart.Part, Failure>> => {
    switch (item._tag) {
      case "Data":
      case "Json":
        return [Either.map(field(item), (value) => ({ _tag: "Field", name: item.name, value }))]
      case "Upload":
        return [Either.right({
          _tag: "File",
          name: item.name,
          fileName: item.file.name,
          type: item.file.type,
          content: item.file.content
        })]
      default:
        return []
    }
  }))

const bodyOf = (items: ReadonlyArray<Loaded>, options: Options): Either.Either<Body, Failure> => {
  const inBody = items.filter((item) => isBody(item as RequestItem<unknown>))
  const uploads = inBody.filter((item) => item._tag === "Upload")
  const file = uploads.find(({ name }) => name === "")
  if (options.raw !== undefined) {
    return inBody.length > 0 ? Either.left(mixed) : Either.right({
      content: options.raw,
      type: options.form ? "application/x-www-form-urlencoded; charset=utf-8" : "application/json",
      isJson: !options.form
    })
  }
  if (file !== undefined) {
    return inBody.length > 1
      ? Either.left(mixed)
      : Either.right({ content: file.file.content, type: file.file.type, isJson: !options.form })
  }
  if (options.multipart || (options.form && uploads.length > 0)) {
    return Either.map(parts(inBody), (all) => ({
      content: multipart.encode(options.boundary, all),
      type: `multipart/form-data; boundary=${options.boundary}`,
      isJson: false
    }))
  }
  if (uploads.length > 0) {
    return Either.left(usage(
      `"${uploads[0]?.name}@..." uploads a file as a field of a form.`,
      "Pass --form for that, key=@file to put its content into JSON, or @file to send it as the body."
    ))
  }
  if (options.form) {
    return Either.map(formFields(inBody), (fields) => ({
      content: fields.length === 0 ? undefined : bytes(formText.encode(formText.grouped(fields))),
      type: "application/x-www-form-urlencoded; charset=utf-8",
      isJson: false
    }))
  }
  return inBody.length === 0
    ? Either.right({ content: undefined, type: undefined, isJson: false })
    : Either.map(jsonBody(inBody), (content) => ({ content, type: "application/json", isJson: true }))
}

/** Merges the headers of the user over those of the body. */
export const make = (items: ReadonlyArray<Loaded>, options: Options): Either.Either<Message, Failure> =>
  Either.map(bodyOf(items, options), ({ content, isJson, type }) => {
    const headers = new Map<string, string>([[
      "accept",
      isJson || options.json === true ? "application/json, */*;q=0.5" : "*/*"
    ]])
    const sentType = type ?? (options.json === true ? "application/json" : undefined)
    if (sentType !== undefined) headers.set("content-type", sentType)
    const given = new Map<string, ReadonlyArray<string>>()
    for (const item of items) {
      if (item._tag !== "Header" && item._tag !== "UnsetHeader") continue
      const name = item.name.toLowerCase()
      if (item._tag === "UnsetHeader") {
        headers.delete(name)
        given.delete(name)
      } else given.set(name, [...given.get(name) ?? [], headerText.encode(item.value)])
    }
    for (const [name, lines] of given) headers.set(name, headerText.joined(name, lines))
    return {
      method: options.method ?? (content === undefined ? "GET" : "POST"),
      query: formText.encode(items.flatMap((item) => item._tag === "Query" ? [[item.name, item.value] as const] : [])),
      headers,
      repeated: new Map([...given].filter(([name, lines]) => lines.length > 1 && !headerText.isOneLine(name))),
      body: content
    }
  })

const methods: ReadonlyArray<string> = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]

/** Returns true for standard methods in any case, and for others, such as PURGE, in capitals, so that no path is read as one. */
const isMethod = (text: string): boolean =>
  methods.includes(text.toUpperCase()) || /^(?=.{3})[A-Z]+(-[A-Z]+)*$/.test(text)

/** The method, if the first argument is one, the URL, and the items. */
export const split = (
  args: ReadonlyArray<string>
): Either.Either<
  { readonly method: string | undefined; readonly url: string; readonly items: ReadonlyArray<string> },
  Failure
> => {
  const [first, second, ...rest] = args
  if (first === undefined || (second === undefined && methods.includes(first))) {
    return Either.left(
      usage("A URL is missing.", "For example: effect-oauth call /items. See effect-oauth call --help.")
    )
  }
  return isMethod(first) && second !== undefined
    ? Either.right({ method: first.toUpperCase(), url: second, items: rest })
    : Either.right({ method: undefined, url: first, items: args.slice(1) })
}
