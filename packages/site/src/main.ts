/**
 * Writes the pages and their list, which the configuration of the site reads.
 */
import { cpSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { write } from "./write.js"

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const content = path("../build/content")
const modules = write(path("../../.."), content)
cpSync(path("../pages"), content, { recursive: true })
writeFileSync(path("../build/modules.json"), `${JSON.stringify(modules, null, 2)}\n`)
