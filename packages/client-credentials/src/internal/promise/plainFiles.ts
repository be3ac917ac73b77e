/**
 * File system of programs that provide none. Reads the files that variables name, if the runtime has files.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"

import { codeOf } from "../protocol/foreignError.js"
import { builtin } from "../protocol/platformModule.js"
import * as platformErrors from "../seam/platformErrors.js"

interface Files {
  readonly readFile: (path: string, encoding: "utf8") => Promise<string>
}

export const layer: Layer.Layer<FileSystem.FileSystem> = FileSystem.layerNoop({
  readFileString: (path) =>
    Effect.tryPromise({
      try: async () => {
        const files = builtin<Files>("node:fs/promises")
        if (files === undefined) throw new Error("This runtime has no files.")
        return await files.readFile(path, "utf8")
      },
      catch: (error) => platformErrors.unread(codeOf(error))
    })
})
