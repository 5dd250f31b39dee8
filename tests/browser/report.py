# SPDX-License-Identifier: Apache-2.0
"""Pages of checks in a browser: checks of all kinds, made up by griddle-report-scenes, in light and dark, wide and on a
phone. GRIDDLE_SCREENSHOTS=FOLDER keeps pictures of them."""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import devtools  # noqa: E402

VERDICTS = {
    "fine": "All is well: 1,500 pictures, like the baseline’s",
    "dark": "things changed: estimated accuracy, what the model sees, ",
    "mix": "things changed: what the model sees, ",
    "few": "Nothing unusual in 3 pictures",
    "tiny": "Too few pictures to say anything: 1; 15 would do",
    "some": "All is well: 60 pictures, like the baseline’s",
    "dead": "things changed: ",
    "managed": "5 things changed: temperature, flow, level and 2 more",
    "plain": "All is well: 900 pictures, like the baseline’s",
    "empty": "No pictures, so nothing to say",
    "unknown": "Nothing of these 200 pictures can be compared with the baseline",
    "evil": "things changed: ",
    "wide": "288 things changed: ",
}
MODES = [("light", 1280, False), ("dark", 1280, True), ("phone", 360, False), ("tablet", 800, True)]

# Texts whose colour is not 4.5 : 1 (large ones 3 : 1) off what is behind them.
CONTRAST = r"""(() => {
  const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
  const linear = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(element).backgroundColor);
      if (a > 0) return [r, g, b];
    }
  };
  const bad = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let n = 0;
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement, style = getComputedStyle(element);
    if (!walk.currentNode.data.trim() || !element.checkVisibility() || element.closest('svg, style')) continue;
    const backs = element.className !== 'letter' ? [behind(element)] :
      [...document.querySelectorAll('.key.mix')].map(key => behind(key));
    for (const back of backs) {
      const [a, b] = [light(parse(style.color)), light(back)].sort((x, y) => y - x), size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
      if ((a + .05) / (b + .05) < (large ? 3 : 4.5))
        bad.add(`${element.tagName}.${element.className} ${((a + .05) / (b + .05)).toFixed(2)}: ${walk.currentNode.data.slice(0, 30)}`);
      n++;
    }
  }
  return n > 10 ? [...bad] : ['only ' + n + ' texts'];
})()"""

# Labels of an axis that lie upon each other, and what leaves the page at its sides.
LAYOUT = r"""(() => {
  const bad = [], box = element => element.getBoundingClientRect();
  for (const plot of document.querySelectorAll('.plot')) {
    if (!plot.checkVisibility()) continue;
    if (box(plot).width < 100 || box(plot).height < 24) bad.push('a chart of ' + box(plot).width + ' x ' + box(plot).height);
    for (const kind of ['x', 'y']) {
      const labels = [...plot.querySelectorAll(':scope > .' + kind)].map(box);
      for (const [i, a] of labels.entries())
        for (const b of labels.slice(i + 1))
          if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) bad.push(kind + ' labels overlap');
    }
  }
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest('.scroll table, svg') || !element.checkVisibility()) continue;
    const {left, right, width} = box(element);
    if (width > 0 && (left < 0 || right > innerWidth + 1)) bad.push(`${element.tagName}.${element.className} at ${left} to ${right}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) bad.push('scrolls to the side');
  return bad.slice(0, 5);
})()"""

# What those need who do not see it.
SENSE = r"""(() => {
  const bad = [];
  let level = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
    if (+heading.tagName[1] > level + 1) bad.push('after level ' + level + ': ' + heading.textContent);
    level = +heading.tagName[1];
    if (!heading.textContent.trim()) bad.push('an empty heading');
  }
  if (document.querySelectorAll('h1').length !== 1) bad.push('h1');
  if (!document.documentElement.lang || !document.title) bad.push('lang or title');
  for (const picture of document.querySelectorAll('img'))
    if (!picture.alt.trim() || !picture.src.startsWith('data:image/png;base64,') || !picture.naturalWidth) bad.push('a picture: ' + picture.alt);
  for (const chart of document.querySelectorAll('[role=img]'))
    if (!chart.getAttribute('aria-label').trim()) bad.push('a chart without words');
  for (const one of document.querySelectorAll('[aria-labelledby]'))
    if (!document.getElementById(one.getAttribute('aria-labelledby'))) bad.push('no label');
  for (const strange of document.querySelectorAll('script, link, iframe, object, [onerror], [src]:not(img)')) bad.push(strange.outerHTML);
  const names = [...document.querySelectorAll('[id]')].map(element => element.id);
  if (new Set(names).size !== names.length) bad.push('an id twice');
  if (/\b(nan|inf|null|undefined)\b|-nan|%[sdf]/i.test(document.body.innerText)) bad.push(document.body.innerText.match(/.*(\b(nan|inf|null|undefined)\b|-nan|%[sdf]).*/i)[0]);
  return bad.slice(0, 5);
})()"""


def check_size(name, text):
    pictures = re.findall(r"data:image/png;base64,[A-Za-z0-9+/=]*", text)
    bare = len(text.encode()) - sum(map(len, pictures))
    assert bare < 200_000 and len(text.encode()) < 2_000_000, f"{name}: {bare} bytes, with pictures {len(text.encode())}"
    return bare, len(pictures)


def check_page(browser, name):
    said = browser.value("document.querySelector('h1').innerText").replace("\u00a0", " ")
    assert VERDICTS[name] in said, f"{name}: {said}"
    for script in (CONTRAST, LAYOUT, SENSE):
        bad = browser.value(script)
        assert not bad, f"{name}: {bad}"
    browser.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    for script in (CONTRAST, LAYOUT):
        bad = browser.value(script)
        assert not bad, f"{name}, unfolded: {bad}"


path = devtools.find()
keep = os.environ.get("GRIDDLE_SCREENSHOTS")
with tempfile.TemporaryDirectory() as folder, devtools.Browser(path) as browser:
    subprocess.run([os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-report-scenes"), folder], check=True)
    browser.call("Network.enable")
    assert sorted(os.listdir(folder)) == sorted(name + ".html" for name in VERDICTS), os.listdir(folder)
    most = 0
    for name in VERDICTS:
        file = os.path.join(folder, name + ".html")
        with open(file, encoding="utf-8") as page:
            bare, pictures = check_size(name, page.read())
        most = max(most, bare)
        for mode, width, dark in MODES:
            browser.open(f"file://{file}?{mode}", width, 900, dark)
            if keep:
                os.makedirs(keep, exist_ok=True)
                browser.picture(os.path.join(keep, f"report-{name}-{mode}.png"))
            check_page(browser, name)
    browser.open(f"file://{folder}/evil.html", 1280, 900)
    assert "<img src=x onerror=" in browser.value("document.querySelector('h1').parentElement.innerText")
    assert browser.value("document.title").startswith("<img src=x"), "a script ran"
    printed = browser.call("Page.printToPDF")["data"]
    assert len(printed) > 100_000, len(printed)
    strange = [url for url in browser.requests if not url.startswith(("data:image/png", f"file://{folder}/"))]
    assert not strange, strange
    assert not browser.faults, browser.faults
print(f"{len(VERDICTS)} pages in {len(MODES)} shapes; {most} bytes at most without pictures")
