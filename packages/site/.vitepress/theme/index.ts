import "./style.css"

import type { Theme } from "vitepress"
import DefaultTheme from "vitepress/theme"
import { h } from "vue"

import Diagram from "./Diagram.vue"
import Major from "./Major.vue"
import Simulate from "./Simulate.vue"

const theme: Theme = {
  extends: DefaultTheme,
  Layout: () =>
    h(DefaultTheme.Layout, null, {
      "nav-bar-content-after": () => h(Major),
      "nav-screen-content-after": () => h(Major)
    }),
  enhanceApp: ({ app }) => {
    app.component("Diagram", Diagram)
    app.component("Simulate", Simulate)
  }
}

export default theme
