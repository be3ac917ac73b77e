/**
 * The blocks of TypeScript in the documents: the code for Effect 4, and beneath it that for Effect 3 where it is another.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** Platforms and stores with code in the guide about serverless and edge. */
const platforms = [
  "lambda",
  "secretsManager",
  "next",
  "worker",
  "deno",
  "express",
  "fastify",
  "hono",
  "nest",
  "upstash",
  "durableObject"
]

/** Libraries with code in the guide about other libraries. */
const libraries = [
  "api",
  "openapi-fetch",
  "ky",
  "axios",
  "ofetch",
  "graphql-request",
  "apollo",
  "trpc",
  "event-source",
  "connect",
  "with-token",
  "grpc",
  "kafka",
  "smtp"
]

/** Code in the guide about keys and certificates. */
const keys = [
  "promises/privateKey",
  "keys/kms",
  "promises/kms",
  "keys/pkcs11",
  "keys/keySet",
  "promises/mutualTls",
  "keys/dpop"
]

/** The files that each document quotes, in order, and nothing else. */
export const quoted = (root: string): Readonly<Record<string, ReadonlyArray<string>>> => ({
  "README.md": [
    "examples/src/quickstart.ts",
    "examples/src/guides/promises/first.ts",
    "testing/test/guide/first.test.ts"
  ],
  "guides/getting-started.md": [
    "examples/src/quickstart.ts",
    "examples/src/guides/values.ts",
    "examples/src/guides/errors.ts",
    "examples/src/guides/managedRuntime.ts"
  ],
  "guides/promises.md": [
    "examples/src/guides/promises/first.ts",
    "examples/src/guides/promises/values.ts",
    "examples/src/guides/promises/tokens.ts",
    "examples/src/guides/promises/errors.ts",
    "testing/test/guide/promise-program.test.ts",
    "examples/src/promise-service.ts"
  ],
  "guides/token-lifecycle.md": ["examples/src/guides/rules.ts"],
  "guides/rejections.md": [
    "examples/src/guides/rejections.ts",
    "examples/src/guides/stepUp.ts",
    "testing/test/guide/rejections.test.ts"
  ],
  "guides/security.md": ["examples/src/guides/promises/rotation.ts", "examples/src/guides/rotation.ts"],
  "guides/fleets.md": [
    "examples/src/scheduled-job.ts",
    "examples/src/guides/promises/job.ts",
    "examples/src/guides/sqlite.ts",
    "examples/src/guides/redis.ts",
    "examples/src/guides/promises/fleet.ts",
    "testing/test/guide/store.test.ts",
    "examples/src/fleet-budget.ts"
  ],
  "guides/serverless.md": platforms.map((name) => `examples/src/guides/serverless/${name}.ts`),
  "guides/keys.md": keys.map((name) => `examples/src/guides/${name}.ts`),
  "guides/http-api-middleware.md": ["effect-4/examples/guide/definition.ts", "effect-4/examples/guide/client.ts"],
  "guides/works-with.md": libraries.map((name) => `examples/src/guides/works-with/${name}.ts`),
  "guides/migration.md": ["examples/src/guides/promises/values.ts", "examples/src/guides/values.ts"],
  "guides/fleet-topologies.md": [
    "examples/src/cluster/refresher.ts",
    "examples/src/cluster-runner.ts",
    "examples/src/token-broker.ts",
    "examples/src/broker/tokens.ts"
  ],
  "guides/observability.md": ["examples/src/observed.ts", "examples/src/readiness.ts"],
  "packages/client-credentials/README.md": ["examples/src/quickstart.ts"],
  "packages/testing/README.md": [
    "first",
    "promises",
    "servers",
    "time",
    "http-api",
    "other-errors",
    "any-runner",
    "store",
    "fleet"
  ].map((name) => `testing/test/guide/${name}.test.ts`),
  "packages/redis/README.md": ["redis/test/guide/first.ts"],
  "packages/sql/README.md": ["sql/test/guide/first.ts"],
  ...Object.fromEntries(
    readdirSync(join(root, "packages/examples/recipes")).map((name) => [
      `packages/examples/recipes/${name}`,
      [`examples/src/recipes/${name.replace(".md", ".ts")}`]
    ])
  )
})

/** The code of a block for each major; without one for Effect 4 where it is for one major only. */
interface Code {
  readonly effect3: string
  readonly effect4: string | undefined
}

const codeOf = (root: string, path: string): Code => {
  const generated = join(root, "packages/effect-4/generated", path)
  return {
    effect3: readFileSync(join(root, "packages", path), "utf8"),
    effect4: existsSync(generated) ? readFileSync(generated, "utf8") : undefined
  }
}

/** Start of the part for Effect 3. A paragraph may precede its block. */
const opening = "<details>\n<summary>On Effect 3</summary>\n\n"
const closing = "\n</details>\n"

const block =
  /^```ts\n[\s\S]*?^```\n(?:\n<details>\n<summary>On Effect 3<\/summary>\n\n([\s\S]*?)^```ts\n[\s\S]*?^```\n\n<\/details>\n)?/gm

const fenced = (code: string): string => `\`\`\`ts\n${code}\`\`\`\n`

const written = (text: string, all: ReadonlyArray<Code>): string => {
  let index = 0
  return text.replaceAll(block, (_, before: string | undefined) => {
    const code = all[index++]
    if (code === undefined) return ""
    const { effect3, effect4 = effect3 } = code
    const isOther = effect3 !== effect4 || before !== undefined && before !== ""
    return fenced(effect4) + (isOther ? `\n${opening}${before ?? ""}${fenced(effect3)}${closing}` : "")
  })
}

/** Returns the number of files that a document quotes. */
export const blocks = (text: string): number => [...text.matchAll(block)].length

/** A document with the blocks that it must have. */
export const document = (root: string, path: string, text: string): string =>
  written(text, (quoted(root)[path] ?? []).map((source) => codeOf(root, source)))

/** A document as users of Effect 4 need it. */
export const forEffect4 = (text: string): string =>
  text.replaceAll(/\n<details>\n<summary>On Effect 3<\/summary>\n[\s\S]*?\n<\/details>\n/g, "")
