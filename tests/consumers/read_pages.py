"""The pages in a real browser: they load, filter, open and scroll, by mouse and by keyboard, on a laptop and a phone.

    read_pages.py REPORT.html DIFF.html VIEW_URL KOREAN_CLASS SCREENSHOTS

REPORT is of a version that VIEW_URL serves, and has a class of that name. Screenshots are left for people to look at.
"""
import http.server
import json
import pathlib
import sys
import threading
import urllib.error
import urllib.request

from playwright.sync_api import sync_playwright

report, diff, view, korean, shots = sys.argv[1:]
shots = pathlib.Path(shots)
shots.mkdir(parents=True, exist_ok=True)
SIZES = {"laptop": (1280, 900), "phone": (390, 844)}


def page_of(browser, address, size="laptop", scheme="light"):
    """A page, with everything it complains about and asks the network for."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.complaints, page.requests = [], []
    page.on("console", lambda message: message.type in ("error", "warning") and page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(address)
    return page


def until(page, condition):
    """Waits for a condition; Playwright's own waiting would need the page to allow eval, which ours do not."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {condition}")


def shown(page):
    """(samples that pass the filter, samples in all)"""
    some, _, of, _ = page.locator("#count").inner_text().replace(",", "").split()
    return int(some), int(of)


def check_gallery(page, index):
    until(page, "document.querySelectorAll('.cell img').length > 3")
    assert shown(page) == (len(index["key"]), len(index["key"])), shown(page)
    # Class and split, against a count of our own.
    place = index["classes"].index(korean)
    page.select_option("#class", label=f"{korean} ({index['class'].count(place)})")
    assert shown(page)[0] == index["class"].count(place) > 0
    train = index["sets"].index("train")
    page.select_option("#set", value=str(train))
    both = sum(c == place and s == train for c, s in zip(index["class"], index["set"]))
    assert shown(page)[0] == both, (shown(page), both)
    page.click("button[type=reset]")
    until(page, f"document.getElementById('count').textContent.startsWith('{len(index['key']):,} ')")
    # A step, and its strength.
    number, step = next((n, s) for n, s in enumerate(index["steps"]) if s["id"] == "rotate")
    page.select_option("#step", value=str(number))
    assert shown(page)[0] == len(step["on"]), (shown(page), len(step["on"]))
    param, degrees = next((n, p["values"]) for n, p in enumerate(step["params"]) if p["name"] == "degrees")
    page.select_option("#param", value=str(param))
    page.fill("#low", "0")
    assert shown(page)[0] == sum(value >= 0 for value in degrees)
    # The filter stands in the address.
    assert "low=0" in page.url and f"step={number}" in page.url, page.url
    page.select_option("#order", value="strong")
    strongest = step["on"][max((n for n, value in enumerate(degrees) if value >= 0), key=lambda n: degrees[n])]
    page.locator(".cell").first.click()
    page.wait_for_selector("#opened dl")
    assert page.locator("#sample-title").inner_text() == index["key"][strongest]
    page.keyboard.press("Escape")
    page.click("button[type=reset]")
    page.wait_for_timeout(100)


def check_ops(page, index):
    """An op is offered where it is something else than a step: by samples in which any of its steps was on."""
    ops = {}
    for step in index["steps"]:
        ops.setdefault(step["op"], []).append(step)
    wanted = [f"op:{op}" for op, steps in ops.items() if len(steps) > 1 or steps[0]["id"] != op]
    offered = page.evaluate("[...document.querySelectorAll('#step optgroup option')].map(option => option.value)")
    # Training and noisy validation have a step each.
    assert offered == wanted and "op:rotate" in wanted, (offered, wanted)
    for value in wanted:
        page.select_option("#step", value=value)
        on = {place for step in ops[value.removeprefix("op:")] for place in step["on"]}
        assert shown(page)[0] == len(on), (value, shown(page), len(on))
        assert page.locator("#param").is_disabled()
    page.click("button[type=reset]")
    page.wait_for_timeout(100)


def check_address(page, index):
    """A look that was passed on opens as it was, with the range of its own parameter."""
    def values_of(step, param):
        return [value for value in step["params"][param]["values"] if value is not None]

    def differ(step):
        first, last = values_of(step, 0), values_of(step, -1)
        return (min(first), max(first)) != (min(last), max(last))

    number, step = next((n, s) for n, s in enumerate(index["steps"]) if len(s["params"]) > 1 and differ(s))
    param, values = len(step["params"]) - 1, values_of(step, -1)
    middle = (min(values) + max(values)) / 2
    page.evaluate(f"location.hash = 'step={number}&param={param}&low={middle}'")
    page.reload()
    until(page, "document.querySelectorAll('.cell').length > 0")
    assert shown(page)[0] == sum(value >= middle for value in values), shown(page)
    ends = [float(page.locator(f"#{end}").get_attribute("placeholder")) for end in ["low", "high"]]
    assert ends == [min(values), max(values)] and page.input_value("#low") == str(middle), ends
    page.evaluate("location.hash = 'step=op:rotate'")
    page.reload()
    until(page, "document.querySelectorAll('.cell').length > 0")
    assert page.input_value("#step") == "op:rotate"
    page.click("button[type=reset]")
    page.wait_for_timeout(100)


def check_keyboard(page, index):
    """Arrow keys move through the grid, Enter opens, arrows turn over, Escape comes back to where one was."""
    page.locator(".cell[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("#opened dl")
    assert page.locator("#sample-title").inner_text() == index["key"][2]
    page.keyboard.press("ArrowRight")
    until(page, f"document.getElementById('sample-title').textContent === '{index['key'][3]}'")
    page.keyboard.press("Escape")
    assert page.evaluate("!document.getElementById('sample').open && document.activeElement.className === 'cell'")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.wait_for_selector("#opened dl")
    assert page.locator("#sample-title").inner_text() == index["key"][-1]
    page.keyboard.press("Escape")
    page.keyboard.press("Home")


def check_strip(page, number):
    """The opened sample is there at full size, and its strip ends in what is stored."""
    page.locator(".cell").nth(number).click()
    page.wait_for_selector("#opened dl")
    if page.locator("#opened img.full").count() == 0:
        page.keyboard.press("Escape")
        return False
    until(page, "[...document.querySelectorAll('#opened img')].every(image => image.complete && image.naturalWidth > 0)")
    captions = page.locator(".strip figcaption").all_inner_texts()
    assert captions[0].startswith("source") and captions[-1].startswith("stored") and len(captions) >= 2, captions
    return True


def frames(page):
    """The slowest and the mean of the frames of a fast scroll through all of the page, in milliseconds."""
    return page.evaluate("""() => new Promise(done => {
        const times = []; let last = performance.now(), turn = 0;
        const step = () => {
            const now = performance.now(); times.push(now - last); last = now;
            scrollTo(0, document.documentElement.scrollHeight * turn / 90);
            if (turn++ < 90) requestAnimationFrame(step);
            else done([Math.max(...times.slice(1)), times.slice(1).reduce((a, b) => a + b) / (times.length - 1)]);
        };
        requestAnimationFrame(step);
    })""")


def no_overflow(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the window"


class Prefixed(http.server.BaseHTTPRequestHandler):
    """A proxy as notebooks have one: /proxy/8700/… is passed on without the prefix."""

    def do_GET(self):
        assert self.path.startswith("/user/me/proxy/"), self.path
        try:
            with urllib.request.urlopen(view.rstrip("/") + self.path.removeprefix("/user/me/proxy")) as answer:
                status, kind, body = answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            status, kind, body = error.code, "text/plain", error.read()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def status(path, **headers):
    request = urllib.request.Request(view.rstrip("/") + path, headers=headers)
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    file = pathlib.Path(report).resolve().as_uri()

    page = page_of(browser, file)
    index = json.loads(page.locator("#index").inner_text() or page.evaluate("document.getElementById('index').textContent"))
    check_gallery(page, index)
    check_ops(page, index)
    check_address(page, index)
    check_keyboard(page, index)
    assert any(check_strip(page, number) for number in range(20)), "no sample opens to its full size"
    page.screenshot(path=shots / "report-opened.png")
    page.keyboard.press("Escape")
    slowest, mean = frames(page)
    print(f"report of {len(index['key'])} samples: frames while scrolling {mean:.1f} ms, slowest {slowest:.0f} ms")
    # Without a GPU and beside other work; what hangs takes seconds.
    assert mean < 120, (mean, slowest)
    assert page.complaints == [], page.complaints
    outside = [url for url in page.requests if not url.startswith(("data:", "file:"))]
    assert outside == [], outside

    for size in SIZES:
        for scheme in ["light", "dark"]:
            for name, address in [("report", file), ("diff", pathlib.Path(diff).resolve().as_uri()), ("view", view)]:
                page = page_of(browser, address, size, scheme)
                page.wait_for_timeout(1500)
                no_overflow(page)
                page.screenshot(path=shots / f"{name}-{size}-{scheme}.png", full_page=name == "diff")
                if name != "diff":
                    page.locator("#gallery").scroll_into_view_if_needed()
                    page.evaluate("document.getElementById('gallery').scrollIntoView()")
                    page.wait_for_timeout(800)
                    page.screenshot(path=shots / f"{name}-gallery-{size}-{scheme}.png")
                    page.locator(".cell").first.click()
                    page.wait_for_selector("#opened dl")
                    page.wait_for_timeout(800)
                    page.screenshot(path=shots / f"{name}-opened-{size}-{scheme}.png")
                assert page.complaints == [], (name, page.complaints)
                page.context.close()

    # The server: the whole version, through a prefix too.
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Prefixed)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    prefixed = f"http://127.0.0.1:{proxy.server_port}/user/me/proxy/"
    index = json.load(urllib.request.urlopen(view + "index.json"))
    for address in [view, prefixed, view + "kept/prefix/"]:
        page = page_of(browser, address)
        check_gallery(page, index)
        check_ops(page, index)
        check_address(page, index)
        check_keyboard(page, index)
        assert check_strip(page, 0)
        assert page.complaints == [], page.complaints
        assert all(url.startswith((address, "data:")) for url in page.requests), page.requests
        page.context.close()
    host = view.split("/")[2]
    port = host.split(":")[1]
    assert status("/") == status("/", Host=f"localhost:{port}") == status("/", Host="[::1]:1") == 200
    assert status("/", Host="evil.example") == status("/", Host=f"{port}.evil.example") == 403
    for path in ["/etc/passwd", "/../../etc/passwd", "/thumbnail/../../etc/passwd", "/image/00", "/stage/x/0", "/Cargo.toml"]:
        assert status(path) == 404, path
    key = index["key"][0]
    assert status(f"/image/{key}") == 200 and status(f"/stage/{key}/999") == 404
    browser.close()
print(f"pages: report, diff and view in Chromium {', '.join(SIZES)}, light and dark; screenshots in {shots}")
