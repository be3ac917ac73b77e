/** The built site, by its files and in Chromium. */
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { type Browser, chromium, type Page } from "playwright-core"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

import { built, fileOf, serve } from "./files.js"

const html = readdirSync(built, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html")).map((
  name
) => ({ name, text: readFileSync(join(built, name), "utf8") }))

const idsOf = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id = ""]) => id))

describe("links", () => {
  it("lead to pages, places within them and files that exist", () => {
    const broken: Array<string> = []
    for (const { name, text } of html) {
      const here = `/${name.replace(/(index)?\.html$/, "")}`
      for (const [, link = ""] of text.matchAll(/(?:href|src)="((?:\/|#)[^"]*)"/g)) {
        const { hash, pathname } = new URL(link, `http://localhost${here}`)
        const file = fileOf(decodeURIComponent(pathname))
        if (file === undefined) broken.push(`${name}: ${link}`)
        else if (hash !== "" && !idsOf(readFileSync(file, "utf8")).has(decodeURIComponent(hash.slice(1)))) {
          broken.push(`${name}: ${link}`)
        }
      }
    }
    assert.deepStrictEqual(broken, [])
  })

  it("lead from each page to the others: none is missing in the build", () => {
    const names = html.map(({ name }) => name)
    for (const name of ["index.html", "simulate.html", "guides/fleets.html", "recipes/okta.html"]) {
      assert.include(names, name)
    }
    for (const major of [3, 4]) {
      assert.include(names, `api/effect-${major}/client-credentials/PromiseClient.html`)
      assert.include(names, `api/effect-${major}/redis/RedisTokenStore.html`)
    }
  })
})

const executable = ["chromium", "chromium-browser", "google-chrome"].map((name) =>
  spawnSync("which", [name], { encoding: "utf8" }).stdout.trim()
).find((path) => path !== "")

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

const screenshots = fileURLToPath(new URL("../build/screenshots", import.meta.url))

const screens = {
  desktop: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "dark" }
} as const

const shown = [
  "/",
  "/simulate",
  "/guides/introduction",
  "/guides/token-lifecycle",
  "/guides/design",
  "/guides/benchmarks",
  "/recipes/auth0",
  "/api/effect-4/client-credentials/",
  "/api/effect-4/client-credentials/PromiseClient"
]

interface Violation {
  readonly id: string
  readonly impact?: string | null
  readonly nodes: ReadonlyArray<{ readonly target: ReadonlyArray<unknown> }>
}

if (executable === undefined) {
  console.log("The pages are not opened: there is no Chromium; Debian's package is chromium.")
}

describe.skipIf(executable === undefined)("in a browser", () => {
  let browser: Browser
  let site: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true })
    site = await serve()
    browser = await chromium.launch({ executablePath: executable ?? "", args: ["--no-sandbox"] })
  })
  afterAll(async () => {
    await browser.close()
    site.close()
  })

  /** Opens a page. Returns what went wrong in it so far. */
  const open = async (path: string, screen: keyof typeof screens): Promise<readonly [Page, ReadonlyArray<string>]> => {
    const problems: Array<string> = []
    const page = await browser.newPage(screens[screen])
    page.setDefaultTimeout(120_000)
    page.on("pageerror", ({ message }) => problems.push(message))
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text())
    })
    page.on("request", (request) => {
      if (!request.url().startsWith(site.origin) && !/^(?:data|blob):/.test(request.url())) {
        problems.push(`a request to ${request.url()}`)
      }
    })
    await page.goto(site.origin + path, { waitUntil: "networkidle" })
    return [page, problems]
  }

  for (const screen of ["desktop", "phone"] as const) {
    it.each(shown)(`%s on a ${screen}: no error, no request elsewhere, no overflow, accessible`, async (path) => {
      const [page, problems] = await open(path, screen)
      const drawn = { "/simulate": ".answer svg", "/guides/design": "figure.diagram svg" }[path]
      if (drawn !== undefined) await page.waitForSelector(drawn)
      await page.screenshot({ path: join(screenshots, `${path.replace(/\W+/g, "-")}-${screen}.png`) })
      assert.deepStrictEqual(problems, [])
      assert.isAtMost(
        await page.evaluate(() => document.documentElement.scrollWidth),
        screens[screen].viewport.width
      )
      await page.evaluate(axe)
      const found = await page.evaluate<ReadonlyArray<Violation>>(
        // The button of the search shows its key beside its label, in another element.
        "axe.run({ rules: { 'label-content-name-mismatch': { enabled: false } } }).then(({ violations }) => violations)"
      )
      assert.deepStrictEqual(
        found.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) =>
          `${id}: ${nodes.map(({ target }) => target.join(" ")).slice(0, 3).join(", ")}`
        ),
        []
      )
      await page.close()
    })
  }

  it("the search finds pages without a server", async () => {
    const [page, problems] = await open("/", "desktop")
    await page.click(".DocSearch-Button")
    await page.fill("#localsearch-input", "Lambda")
    await page.waitForSelector(".results .result")
    assert.include(await page.locator(".results").innerText(), "Lambda")
    assert.deepStrictEqual(problems, [])
    await page.close()
  })

  it("the chosen major holds for all pages and for the next visit", async () => {
    const [page] = await open("/guides/token-lifecycle", "desktop")
    const [four, three] = [page.locator(".effect-4").first(), page.locator(".effect-3").first()]
    assert.deepStrictEqual([await four.isVisible(), await three.isVisible()], [true, false])
    await page.getByRole("button", { name: "Effect 3" }).first().click()
    assert.deepStrictEqual([await four.isVisible(), await three.isVisible()], [false, true])
    await page.goto(`${site.origin}/guides/getting-started`, { waitUntil: "networkidle" })
    assert.isTrue(await page.locator(".effect-3").first().isVisible())
    await page.close()
  })

  it("diagrams are drawn", async () => {
    const [page] = await open("/guides/design", "desktop")
    await page.waitForSelector("figure.diagram svg")
    await page.waitForFunction(() => document.querySelectorAll("figure.diagram svg").length >= 5)
    await page.close()
  })

  it("the tokens of a fleet follow the form", async () => {
    const [page] = await open("/simulate", "desktop")
    await page.waitForSelector(".answer svg")
    assert.include(await page.locator(".answer").innerText(), "29 tokens on the first day")
    await page.getByLabel(/share their token/).check()
    await page.waitForFunction(() =>
      document.querySelector(".answer")?.textContent?.includes("2 tokens on the first day") === true
    )
    await page.close()
  })
})
