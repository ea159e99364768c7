import { createHash } from 'node:crypto';

/** The style of all pages. Colours follow the reader's choice of light or dark. */
export const STYLE = `
:root { color-scheme: light dark; --line: #8886; --soft: light-dark(#f3f4f6, #1f2329);
  --link: light-dark(#0b57d0, #8ab4f8); --bad: light-dark(#a50e0e, #f6aea9);
  --badge: light-dark(#e1e7f0, #303a48); }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 0 1rem 3rem;
  background: light-dark(#fff, #14171a); color: light-dark(#1b1c1d, #e6e8ea); }
a { color: var(--link); }
header, nav, form.search, .pager { display: flex; flex-wrap: wrap; gap: .5rem 1rem;
  align-items: center; }
header { justify-content: space-between; border-bottom: 1px solid var(--line); padding: .5rem 0; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1rem; margin: 1rem 0 .25rem; overflow-wrap: anywhere; }
h2 + p { margin: 0 0 .25rem; overflow-wrap: anywhere; }
form.search { margin: 1rem 0; }
input[type=search] { flex: 1 1 16rem; }
input, button { font: inherit; padding: .35rem .6rem; border: 1px solid var(--line);
  border-radius: .3rem; background: var(--soft); color: inherit; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
details.group { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; }
details.group > summary { padding: .5rem .75rem; cursor: pointer; overflow-wrap: anywhere; }
details.group:not([open]) > summary .badge { max-height: 4.6rem; overflow: hidden; }
details.group details { margin-top: .75rem; }
details.group > div { padding: 0 .75rem .75rem; border-top: 1px solid var(--line); }
.badge { background: var(--badge); border-radius: .3rem; padding: .05rem .4rem; margin: .05rem 0;
  display: inline-block; max-width: 100%; vertical-align: bottom; overflow-wrap: anywhere;
  unicode-bidi: isolate; }
.failed { color: var(--bad); font-weight: 600; }
.soft { opacity: .85; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
td:last-child, th:last-child { text-align: right; font-variant-numeric: tabular-nums;
  overflow-wrap: normal; }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** What a browser may do with a page: show it, with this style, and send forms back. */
export const CONTENT_SECURITY_POLICY: string =
  `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; ` +
  "frame-ancestors 'none'; base-uri 'none'";
