/**
 * The settings, before anything is sent.
 */
import { isLoopback } from "../../../../client-credentials/dist/internal/protocol/urls.js"
import type { Values } from "../profileText.js"
import * as changes from "./change.js"
import { diagnose, type Finding, ok, type Rule } from "./finding.js"

interface ConfigurationFact {
  /** The source of the settings. */
  readonly origin: string
  readonly values: Values
  /** The settings that are missing or wrong; undefined when there are none. */
  readonly problem: string | undefined
}

const urls = ["OAUTH_TOKEN_URL", "OAUTH_ISSUER", "API_BASE_URL"] as const

/** The URLs with `http:` that are not allowed, to this machine or elsewhere. */
const plain = ({ values }: ConfigurationFact, toLoopback: boolean) =>
  urls.filter((name) => {
    const value = values[name] ?? ""
    return /^http:/i.test(value) && URL.canParse(value) && isLoopback(new URL(value)) === toLoopback
  })

const message = ({ problem = "" }: ConfigurationFact): string => problem.replaceAll("\n", "; ")

const rules: ReadonlyArray<Rule<ConfigurationFact>> = [
  {
    code: "http",
    holds: (fact) => fact.problem !== undefined && plain(fact, false).length > 0,
    cause: message,
    fix: (fact) =>
      changes.set(
        Object.fromEntries(
          plain(fact, false).map((name) => [name, (fact.values[name] ?? "").replace(/^http:/i, "https:")])
        )
      ),
    remedy: () => "Credentials and tokens are sent over TLS only."
  },
  {
    code: "http-loopback",
    holds: (fact) =>
      fact.problem !== undefined && plain(fact, true).length > 0 && fact.values["OAUTH_ALLOW_HTTP_LOOPBACK"] !== "true",
    cause: message,
    fix: () => changes.set({ OAUTH_ALLOW_HTTP_LOOPBACK: "true" }),
    remedy: () => "It allows http: to this machine, for tests."
  },
  {
    code: "configuration",
    holds: ({ problem }) => problem !== undefined,
    cause: message,
    remedy: ({ origin }) => `Correct what is named, in ${origin}.`
  }
]

export const configuration = (fact: ConfigurationFact): Finding =>
  diagnose("configuration", rules, fact, ({ origin }) => ok("configuration", `complete, from ${origin}`))

/** The file of the secret, where others may read it. */
export const openSecret = (path: string): Finding => ({
  step: "configuration",
  verdict: "warning",
  code: "open-file",
  message: `others may read ${path}`,
  remedy: `Run chmod 600 ${path}.`
})
