/**
 * Rejected requests: the rules state the situation, and the server writes it in its format.
 */
import * as Data from "effect/Data"

import type { Behavior, Situation, Written } from "./behavior.js"
import * as host from "./host.js"

export class ErrorResponse extends Data.TaggedError("ErrorResponse")<{
  readonly situation: Situation
  /** The problem, for the author of the test. */
  readonly problem: string
  /** Values of placeholders in the descriptions of servers. */
  readonly values?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}> {}

export const reject = (
  situation: Situation,
  problem: string,
  more: { readonly values?: Readonly<Record<string, string>>; readonly headers?: Readonly<Record<string, string>> } = {}
): ErrorResponse => new ErrorResponse({ situation, problem, ...more })

type Shape = NonNullable<Written["shape"]>

const nil = "00000000-0000-0000-0000-000000000000"

const shapes: Readonly<
  Record<Shape, (error: string, description: string | undefined, status: number) => Readonly<Record<string, unknown>>>
> = {
  standard: (error, description) => ({
    error,
    ...(description === undefined ? {} : { error_description: description })
  }),
  entra: (error, description) => ({
    error,
    error_description: description ?? "",
    error_codes: [Number(/^AADSTS(\d+)/.exec(description ?? "")?.[1] ?? 0)],
    trace_id: nil,
    correlation_id: nil
  }),
  okta: (error, description) => ({
    errorCode: error,
    errorSummary: description ?? "",
    errorLink: error,
    errorCauses: []
  }),
  google: (error, description, status) => ({ error: { code: status, message: description ?? "", status: error } }),
  twitch: (_error, description, status) => ({ status, message: description ?? "" }),
  fedex: (error, description) => ({ errors: [{ code: error, message: description ?? "" }] }),
  gateway: (_error, description) => ({ message: description ?? "" })
}

/** Returns the response to a rejected request, and its error code. */
export const written = ({ contentType, errorResponses }: Behavior, errorResponse: ErrorResponse) => {
  const { headers = {}, problem, situation, values = {} } = errorResponse
  const { description, error, shape = "standard", status } = errorResponses[situation]
  const all: Readonly<Record<string, string>> = { ...values, problem }
  const text = description?.replace(/\{(\w+)\}/g, (whole, name: string) => all[name] ?? whole)
  return {
    error,
    response: error === undefined
      ? new Response("", { status, headers })
      : host.json(status, shapes[shape](error, text, status), headers, contentType)
  }
}
