import { readFileSync } from "node:fs"

import { slug } from "github-slugger"
import { type DefaultTheme, defineConfig } from "vitepress"

import { guides, majors, packages, recipes, referenceOf, repository, type Section } from "../dist/pages.js"

const modules = JSON.parse(readFileSync(new URL("../build/modules.json", import.meta.url), "utf8")) as Readonly<
  Record<string, ReadonlyArray<string>>
>

const sidebarOf = (sections: ReadonlyArray<Section>): Array<DefaultTheme.SidebarItem> =>
  sections.map(({ pages, title }) => ({
    text: title,
    items: pages.map(({ path, title }) => ({ text: title, link: `/${path}` }))
  }))

const references = (major: number): Array<DefaultTheme.SidebarItem> =>
  packages.map((name, index) => {
    const folder = referenceOf(major, name)
    return {
      text: name,
      link: `/${folder}/`,
      collapsed: index > 0,
      items: (modules[folder] ?? []).map((module) => ({ text: module, link: `/${folder}/${module}` }))
    }
  })

const escaped = (text: string): string => encodeURIComponent(text).replace(/'/g, "%27")

export default defineConfig({
  title: "effect-oauth",
  description: "OAuth 2.0 client credentials for Effect programs and for plain promises",
  lang: "en",
  base: process.env["SITE_BASE"] ?? "/",
  srcDir: "build/content",
  outDir: "build/site",
  cacheDir: "build/cache",
  cleanUrls: true,
  lastUpdated: false,
  head: [
    ["link", { rel: "icon", href: "data:," }],
    // Before the page is drawn, so that code of the other major does not appear first.
    ["script", {}, "document.documentElement.dataset.effect = localStorage.getItem(\"effect\") ?? \"4\""]
  ],
  markdown: {
    // As in the repository, so that links to headings lead to them in both places.
    anchor: { slugify: slug },
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config: (md) => {
      const { code_block: indented, fence } = md.renderer.rules
      // It scrolls where it is too wide, by the keyboard too.
      md.renderer.rules.code_block = (...args) => indented?.(...args).replace("<pre", "<pre tabindex=\"0\"") ?? ""
      md.renderer.rules.fence = (tokens, index, options, env, self) => {
        const token = tokens[index]
        return token?.info.trim() === "mermaid"
          ? `<Diagram code="${escaped(token.content)}" />`
          : fence?.(tokens, index, options, env, self) ?? ""
      }
    }
  },
  vite: {
    worker: { format: "es" },
    build: { chunkSizeWarningLimit: 4000 }
  },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    externalLinkIcon: true,
    socialLinks: [{ icon: "github", link: repository }],
    nav: [
      { text: "Guides", link: "/guides/introduction", activeMatch: "/guides/" },
      { text: "Recipes", link: "/recipes/auth0", activeMatch: "/recipes/" },
      { text: "Tokens of a fleet", link: "/simulate" },
      {
        text: "API reference",
        activeMatch: "/api/",
        items: majors.map(({ major }) => ({
          text: `Effect ${major}`,
          link: `/${referenceOf(major, "client-credentials")}/`
        }))
      }
    ],
    sidebar: {
      "/guides/": sidebarOf(guides),
      "/recipes/": sidebarOf(recipes),
      ...Object.fromEntries(majors.map(({ major }) => [`/api/effect-${major}/`, references(major)]))
    },
    footer: { message: "MIT License" }
  }
})
