// `npm run documents`: writes the blocks of TypeScript in the documents, of the programs and tests that they quote. The code for
// Effect 4 is that which `npm run effect-4` generates. A test of the examples fails where a block is another.
import { readFileSync, writeFileSync } from "node:fs"

import { document, quoted } from "../packages/effect-4/dist/documents.js"

for (const path of Object.keys(quoted("."))) {
  const before = readFileSync(path, "utf8")
  const after = document(".", path, before)
  if (after === before) continue
  writeFileSync(path, after)
  console.log(path)
}
