/** Errors of the platform's file system. */
import { assert, describe, it } from "@effect/vitest"

import * as platformErrors from "../../src/internal/seam/platformErrors.js"

describe("an error of the file system", () => {
  it("of a file that cannot be read has the kind of the error's code", () => {
    const kinds = ["ENOENT", "EACCES", "EISDIR", undefined].map((code) => {
      const error = platformErrors.unread(code)
      return [
        platformErrors.reasonOf(error),
        platformErrors.isAbsent(error),
        platformErrors.isPresent(error),
        error.message.includes(code ?? "it cannot be read")
      ]
    })
    assert.deepStrictEqual(kinds, [
      ["NotFound", true, false, true],
      ["PermissionDenied", false, false, true],
      ["Unknown", false, false, true],
      ["Unknown", false, false, true]
    ])
  })

  it("of a rejected directory has its problem, other errors do not", () => {
    assert.strictEqual(platformErrors.rejection(platformErrors.rejected("others can write it")), "others can write it")
    assert.isUndefined(platformErrors.rejection(platformErrors.unread("ENOENT")))
  })
})
