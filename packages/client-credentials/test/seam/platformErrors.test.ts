/** Errors of the platform's file system. */
import { assert, describe, it } from "@effect/vitest"

import * as platformErrors from "../../src/internal/seam/platformErrors.js"
import * as ofPlatform from "../support/platformErrors.js"

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
    for (
      const error of [
        platformErrors.unread("ENOENT"),
        ofPlatform.failure("Busy"),
        ofPlatform.failure("PermissionDenied", new Error("EACCES: permission denied, open '/a/path'"))
      ]
    ) {
      assert.isUndefined(platformErrors.rejection(error))
    }
  })

  it("means that a file is absent or present only by its kind", () => {
    const errors = [ofPlatform.absent, ofPlatform.failure("AlreadyExists"), ofPlatform.failure("Busy")]
    assert.deepStrictEqual(errors.map(platformErrors.isAbsent), [true, false, false])
    assert.deepStrictEqual(errors.map(platformErrors.isPresent), [false, true, false])
  })
})
