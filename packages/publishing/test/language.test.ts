import { assert, describe, it } from "vitest"

import { findings } from "../../../scripts/language.mjs"

const found = (path: string, content: string) =>
  findings(path, content).map(({ found, index }) => {
    assert.strictEqual(content.slice(index, index + found.length), found)
    return found
  })

describe("the rules of language", () => {
  it("hold for comments and strings of programs, not for their names", () => {
    const source = [
      "/** Whether nobody asked. */",
      "export const told = (says: string) => `the server says ${says} and asks ${1} or tells`",
      "const anew = 1 // done anew",
      "const path = \"say\""
    ].join("\n")
    assert.sameMembers(found("a.ts", source), ["Whether", "nobody", "asked", "says", "asks", "tells", "anew"])
  })

  it("hold for the first sentences of doc comments, and for none after them", () => {
    for (const word of ["What", "How", "Where", "Who", "Whether", "The same"]) {
      assert.deepStrictEqual(found("a.ts", `/**\n * ${word} is it.\n */\nexport const a = 1`), [word])
      assert.deepStrictEqual(found("a.ts", `/** Returns it. ${word} else. */\nexport const a = 1`), [])
      assert.deepStrictEqual(found("a.ts", `// ${word} else.\nexport const a = 1`), [])
    }
  })

  it("hold for the names in programs, and for the width of comments", () => {
    const source = "const refusal = held.ECONNREFUSED\nclass Held { readonly resound = isSound }"
    assert.deepStrictEqual(found("a.ts", source), ["refusal", "held", "Held", "isSound"])
    const [fits, wide] = [100, 131].map((length) => `// ${"a".repeat(length - 5)}`)
    assert.deepStrictEqual(found("a.ts", `  ${fits}\n  ${wide}\nconst a = 1`), [wide])
    assert.deepStrictEqual(found("a.ts", `/**\n ${wide}\n * ${fits}\n */\nconst a = 1`), [])
  })

  it("leave code alone: in documents, in examples and between backticks", () => {
    const document = "# A title\n\n```ts\nask()\n```\n\n    npm run say\n\nIt is `told` and [read](say.md), anew..\n"
    assert.deepStrictEqual(found("a.md", document).sort(), ["anew", "w.."])
    const comment =
      "/**\n * Returns `says`.\n *\n * @example\n * const ask = 1 // asks\n *\n * @since 3.0.0\n */\nconst a = 1"
    assert.deepStrictEqual(found("a.ts", comment), [])
  })

  it("hold for comments and titles in YAML and shell scripts, not for their commands", () => {
    const workflow = "# Asks.\nname: told\non: push\n\nrun: say # anew\n  - run: |\n      say \"$1\"\n"
    assert.deepStrictEqual(found(".github/workflows/a.yml", workflow), ["Asks", "told", "anew"])
    assert.deepStrictEqual(found("a.sh", "#!/bin/sh\n# nobody\nsay `told` # `says`\n"), ["nobody"])
  })

  it("hold for the program and the template of a component, not for its style", () => {
    const component = "<script setup lang=\"ts\">\n// anew\nconst told = \"he says\"\n</script>\n\n<template>\n" +
      "  <p class=\"ask it\">nobody {{ tell }}</p>\n</template>\n\n<style>\n/* ask */\n</style>\n"
    assert.deepStrictEqual(found("A.vue", component), ["anew", "says", "nobody"])
  })

  it("keep one word for one thing", () => {
    const wrong = {
      "The API refuses the call.": "refuses",
      "A refusal has a code.": "refusal",
      "The token is renewed.": "renewed",
      "The life of a token ends.": "life",
      "A token lives an hour.": "lives",
      "The token held by a process.": "held",
      "A time-out of the server.": "time-out",
      "The behaviour of a server.": "behaviour",
      "The server answers 401.": "server answers",
      "It joins the flight of another caller.": "flight",
      "A spent token is replaced.": "spent token",
      "The name is compared strictly.": "strictly",
      "Sockets are watched.": "watched",
      "The proof is sound.": "sound",
      "Lines in colours.": "colours"
    }
    for (const [text, word] of Object.entries(wrong)) assert.deepStrictEqual(found("a.md", text), [word], text)
  })

  it("allow what is similar and right", () => {
    const right = "There is no token. It is no longer used, in flight, stored in a text/plain file... on its own."
    assert.deepStrictEqual(found("a.md", right), [])
    const terms =
      "The connection is refused. A port refuses connections. The lease is renewed. The certificate must be " +
      "renewed. A short-lived token has a lifetime. Pass --token-life or `defaultLife`. Code lives in a module."
    assert.deepStrictEqual(found("a.md", terms), [])
  })
})
