/**
 * The first call of an API, as in each library's documentation: the minimum that a user reads, types and learns.
 */
import { readFileSync } from "node:fs"

/** A program that sends one call. */
export interface FirstCall {
  readonly name: string
  /** The file in `src/firstCalls`. */
  readonly file: string
  /** The members of the library that a reader must know, by their names in the program. */
  readonly concepts: ReadonlyArray<string>
  /** The use of the token after this call. */
  readonly afterwards: string
}

const cached = "cached, refreshed before it expires, replaced once when the API rejects it"

export const firstCalls: ReadonlyArray<FirstCall> = [
  {
    name: "effect-oauth, by variables",
    file: "effectOauthFromEnv.ts",
    concepts: ["fromEnv", "fetch"],
    afterwards: cached
  },
  { name: "effect-oauth, by values", file: "effectOauth.ts", concepts: ["create", "fetch"], afterwards: cached },
  {
    name: "golang.org/x/oauth2",
    file: "clientcredentials.go",
    concepts: ["clientcredentials.Config", "context.Background", "Client", "Get"],
    afterwards: "cached until it expires; a rejected token is used again"
  },
  {
    name: "openid-client",
    file: "openidClient.ts",
    concepts: ["discovery", "clientCredentialsGrant", "access_token", "fetchProtectedResource"],
    afterwards: "left to the program: expiry, concurrent callers, rejections"
  },
  {
    name: "Duende.AccessTokenManagement",
    file: "Duende.cs",
    concepts: [
      "AddDistributedMemoryCache",
      "AddClientCredentialsTokenManagement",
      "AddClient",
      "AddClientCredentialsHttpClient",
      "CreateClient",
      "GetStringAsync"
    ],
    afterwards: "cached until it expires, replaced once when the API rejects it"
  }
]

/** Returns the source of the program. */
export const programOf = ({ file }: FirstCall): string =>
  readFileSync(new URL(`../src/firstCalls/${file}`, import.meta.url), "utf8")

const isImport = (line: string): boolean => /^(import |using |package |\t"|\)$|import \()/.test(line)

/** Returns the number of lines that a user writes, without imports and blank lines. */
export const linesOf = (program: string): number =>
  program.split("\n").filter((line) => line.trim() !== "" && !isImport(line)).length
