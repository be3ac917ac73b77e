/**
 * The tokens that this process was issued by token endpoints: one record for the whole process, so that clients which know
 * nothing of each other are noticed.
 */
import * as Equal from "effect/Equal"

import type { AccessToken } from "../../AccessToken.js"
import type { TokenRequest } from "../../TokenRequest.js"
import * as duplicates from "../token/duplicates.js"

const issued = duplicates.make<AccessToken>((one, other) => Equal.equals(one.value, other.value))

/** Each client has its own proof key, which is not what distinguishes the requests of a program. */
const keyOf = (request: TokenRequest): string =>
  JSON.stringify(Object.entries(request).filter(([name]) => name !== "dpopThumbprint").sort())

/** Notes a token as `duplicates` does. */
export const note = (
  clock: object,
  { request, ...issue }: Omit<duplicates.Issue<AccessToken>, "key"> & { readonly request: TokenRequest }
): number | undefined => issued.note(clock, { ...issue, key: keyOf(request) })

export const { forget, size } = issued
