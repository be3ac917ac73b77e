/**
 * Rewrites the documents of the repository to pages of the site.
 */
import { linkOf, type Page } from "./pages.js"

/** Applies a function to what is not code: neither between fences nor between backticks. */
const outsideCode = (text: string, change: (prose: string) => string): string =>
  text.split(/(^ *```[\s\S]*?^ *```$|^ {4}.*$|`[^`\n]+`)/m).map((part, index) => index % 2 === 1 ? part : change(part))
    .join("")

const withLinks = (page: Page, modules: ReadonlySet<string>) => (text: string): string =>
  text
    .replace(/\]\(([^()\s]+)\)/g, (_, link: string) => `](${linkOf(page, link, modules)})`)
    .replace(/\b(src|srcset|href)="([^"]+)"/g, (_, name: string, link: string) =>
      `${name}="${linkOf(page, link, modules)}"`)

/** Escapes what the site would read as an element or as an expression, such as the angle brackets of types. */
const withoutTypes = (text: string): string =>
  text.replace(/<(?!\/?(?:picture|source|img|details|summary|br|kbd|sub|sup|h2|a|div|!--)\b|!--)/g, "&lt;").replace(
    /\{\{/g,
    "&#123;&#123;"
  )

/** Links each section of an RFC to its text, except in headings and within other links. */
const withStandards = (text: string): string =>
  text.split(/(\[[^\]]*\]\([^)]*\)|^#.*$)/m).map((part, index) =>
    index % 2 === 1 ? part : part.replace(
      /\bRFC\s(\d{4})(?:\ssections?\s(\d+(?:\.\d+)*))?/g,
      (found, number: string, section: string | undefined) =>
        `[${found}](https://www.rfc-editor.org/rfc/rfc${number}${section === undefined ? "" : `#section-${section}`})`
    )
  ).join("")

const block = "```[\\s\\S]*?\\n```"

/** Code for Effect 4, and beneath it, folded, that for Effect 3. The switch of the site selects the one that is shown. */
const byMajor = (text: string): string =>
  text.replace(
    new RegExp(`(${block})\\n\\n<details>\\n<summary>On Effect 3</summary>\\n\\n([\\s\\S]*?)\\n\\n</details>`, "g"),
    (_, four: string, three: string) =>
      `<div class="effect-4">\n\n${four}\n\n</div>\n<div class="effect-3">\n\n${three}\n\n</div>`
  )

/** Returns the page of a document. */
export const ofDocument = (page: Page, text: string, modules: ReadonlySet<string>): string =>
  outsideCode(byMajor(text), (prose) => withStandards(withoutTypes(withLinks(page, modules)(prose))))

/** Applies a function to what is neither a block of code nor a heading. */
const outsideBlocks = (text: string, change: (prose: string) => string): string =>
  text.split(/(^ *```[\s\S]*?^ *```$|^ {4}.*$|^#.*$)/m).map((part, index) => index % 2 === 1 ? part : change(part))
    .join("")

const slugOf = (heading: string): string => heading.toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-")

/** Links `{@link member}` to its heading, and the names of other modules to their pages. */
const withReferences = (page: Page, text: string, modules: ReadonlySet<string>): string => {
  const folder = page.path.replace(/[^/]*$/, "")
  const headings = [...text.matchAll(/^##+ (.+)$/gm)].map(([, heading = ""]) => heading)
  return outsideBlocks(text, (prose) =>
    prose
      .replace(/`([A-Z]\w*)((?:\.\w+)*)`/g, (code, name: string) =>
        modules.has(folder + name) && page.path !== folder + name ? `[${code}](/${folder}${name})` : code)
      .replace(/\{@link (\w+)\}/g, (_, member: string) => {
        const heading = headings.find((one) =>
          one === member
        ) ?? headings.find((one) => one.startsWith(`${member} (`))
        return heading === undefined ? `\`${member}\`` : `[\`${member}\`](#${slugOf(heading)})`
      }))
}

/** Returns the page of a module, as docgen writes it: its front matter and table of contents are of another generator. */
export const ofModule = (page: Page, text: string, modules: ReadonlySet<string>): string => {
  const body = text.slice(text.indexOf("## ")).replace(/<h2 class="text-delta">[\s\S]*?\n---\n/, "")
    // Nothing is published under these numbers.
    .replace(/^Added in v.*\n/gm, "")
  const nested = outsideCode(
    body,
    (prose) =>
      prose.replace(
        /^#+ .*$/gm,
        (heading) => heading.endsWith(" overview") ? heading.replace(/^## (.+) overview$/, "# $1") : `#${heading}`
      )
  )
  return withReferences(page, ofDocument(page, nested.replace(/^---$/gm, ""), modules), modules)
}

/** The first sentence of a module's description. */
export const summaryOf = (text: string): string => {
  const [, first = ""] = /overview\n\n([\s\S]*?)\n\n/.exec(text) ?? []
  return first.replace(/\s+/g, " ")
}
