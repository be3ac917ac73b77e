/**
 * The pages of the site, and the links between them: which file of the repository is which page.
 */
import { posix } from "node:path"

/** A page of the site. */
export interface Page {
  /** The file in the repository. */
  readonly source: string
  /** The path of the page, without suffix. */
  readonly path: string
}

/** A group of pages, as the sidebar lists them. */
export interface Section {
  readonly title: string
  readonly pages: ReadonlyArray<Page & { readonly title: string }>
}

const page = (title: string, path: string, source: string) => ({ title, path, source })

const guide = (title: string, name: string) => page(title, `guides/${name}`, `guides/${name}.md`)

const recipe = (title: string, name: string) => page(title, `recipes/${name}`, `packages/examples/recipes/${name}.md`)

/** The guides, by task. */
export const guides: ReadonlyArray<Section> = [
  {
    title: "Getting started",
    pages: [
      page("Introduction", "guides/introduction", "README.md"),
      guide("Getting started", "getting-started"),
      guide("Promises", "promises"),
      guide("Environment variables", "variables"),
      guide("Works with", "works-with"),
      guide("Serverless and edge", "serverless"),
      guide("API definitions (Effect 4)", "http-api-middleware"),
      page("Testing", "guides/testing", "packages/testing/README.md")
    ]
  },
  {
    title: "Tokens",
    pages: [
      guide("Token lifecycle", "token-lifecycle"),
      guide("Rejections and retries", "rejections"),
      guide("Fleets and budgets", "fleets"),
      guide("Fleet topologies", "fleet-topologies")
    ]
  },
  {
    title: "Credentials",
    pages: [
      guide("Providers", "providers"),
      guide("Workload identity", "workload-identity"),
      guide("Keys and certificates", "keys"),
      guide("Security in production", "security"),
      page("Guarantees and threat model", "guides/guarantees", "SECURITY.md")
    ]
  },
  {
    title: "Operations",
    pages: [
      guide("Observability", "observability"),
      guide("Troubleshooting", "troubleshooting"),
      guide("Fleet operations", "fleet-operations"),
      guide("Performance", "performance"),
      page("Command line", "guides/command-line", "packages/cli/README.md"),
      page("Store on Redis", "guides/redis", "packages/redis/README.md"),
      page("Store on SQL", "guides/sql", "packages/sql/README.md"),
      page("Examples", "guides/examples", "packages/examples/README.md")
    ]
  },
  {
    title: "Migration",
    pages: [
      guide("From other libraries", "migration"),
      guide("From Effect 3 to Effect 4", "effect-3-to-4")
    ]
  },
  {
    title: "Project",
    pages: [
      guide("Design", "design"),
      guide("Requirements", "requirements"),
      page("Benchmarks", "guides/benchmarks", "packages/benchmarks/README.md"),
      page("Benchmarks of fleets", "guides/benchmarks-of-fleets", "packages/benchmarks/FLEETS.md"),
      page("Contributing", "guides/contributing", "CONTRIBUTING.md")
    ]
  }
]

/** The recipes for authorization servers and platforms. */
export const recipes: ReadonlyArray<Section> = [
  {
    title: "Authorization servers",
    pages: [
      recipe("Auth0", "auth0"),
      recipe("Amazon Cognito", "cognito"),
      recipe("Entra ID", "entra-id"),
      recipe("FAPI 2.0", "fapi-2"),
      recipe("Keycloak", "keycloak"),
      recipe("Okta", "okta"),
      recipe("Ory Hydra", "ory-hydra")
    ]
  },
  {
    title: "Platforms without a secret",
    pages: [
      recipe("AWS", "aws"),
      recipe("Entra workload identity", "entra-workload-identity"),
      recipe("GitHub Actions", "github-actions"),
      recipe("Google federation", "google-federation"),
      recipe("Google impersonation", "google-impersonation"),
      recipe("Google service account", "google-service-account"),
      recipe("Kubernetes", "kubernetes"),
      recipe("SPIFFE", "spiffe")
    ]
  },
  {
    title: "APIs",
    pages: [
      recipe("Claude", "claude"),
      recipe("@effect/ai", "effect-ai"),
      recipe("Entra on behalf of", "entra-on-behalf-of"),
      recipe("Model Context Protocol", "mcp"),
      recipe("OpenAI", "openai"),
      recipe("Salesforce", "salesforce")
    ]
  }
]

/** The packages with an API reference. */
export const packages = ["client-credentials", "testing", "redis", "sql"] as const

/** The majors of Effect, and where their sources and references are. */
export const majors = [
  { major: 4, folder: "packages/effect-4/generated" },
  { major: 3, folder: "packages" }
] as const

/** The folder of the reference of a package. */
export const referenceOf = (major: number, name: string): string => `api/effect-${major}/${name}`

/** The repository, for files that are not pages. */
export const repository = "https://github.com/effect-oauth/effect-oauth"

const written: ReadonlyArray<Page> = [...guides, ...recipes].flatMap(({ pages }) => pages)

const bySource = new Map(written.map(({ path, source }) => [source, path]))

/** The page of a file in the repository; undefined when it is not one. */
export const pageOf = (source: string, modules: ReadonlySet<string>): string | undefined => {
  const known = bySource.get(source)
  if (known !== undefined) return known
  if (source === "guides/README.md" || source === "guides") return "guides/introduction"
  if (source === "packages/examples/recipes") return "recipes/auth0"
  if (source.startsWith("packages/effect-4/api")) return "api/effect-4/client-credentials/index"
  const [, name = "", rest = ""] = /^packages\/([\w-]+)\/(.+)$/.exec(source) ?? []
  if (rest === "README.md" && name === "client-credentials") return "guides/introduction"
  if (rest === "api.md" && packages.some((one) => one === name)) return `${referenceOf(3, name)}/index`
  const [, module] = /^src\/(\w+)\.ts$/.exec(rest) ?? []
  const reference = module === undefined ? undefined : `${referenceOf(4, name)}/${module}`
  return reference !== undefined && modules.has(reference) ? reference : undefined
}

/** Returns true for a file that a page shows, which is copied beside it. */
export const isAsset = (source: string): boolean => /\.(?:svg|png|json|yml)$/.test(source)

/**
 * Returns the link of a page to what a link in its file names: another page, a file that is copied, or the repository.
 * Links to other sites and within the page are left as they are.
 */
export const linkOf = (from: Page, link: string, modules: ReadonlySet<string>): string => {
  if (/^[a-z]+:|^#|^\/\//i.test(link)) return link
  const [file = "", hash] = link.split("#")
  const source = posix.normalize(posix.join(posix.dirname(from.source), file)).replace(/\/$/, "")
  const suffix = hash === undefined ? "" : `#${hash}`
  const target = pageOf(source, modules)
  if (target !== undefined) return `/${target.replace(/(^|\/)index$/, "$1")}${suffix}`
  if (isAsset(source)) return `/${source}`
  return `${repository}/${/\.\w+$/.test(source) ? "blob" : "tree"}/main/${source}${suffix}`
}
