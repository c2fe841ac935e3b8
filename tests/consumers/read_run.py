"""What a training run leaves, in a real browser: its summary page, and its run in MLflow's own pages.

    read_run.py SUMMARY.html MLFLOW_RUN_URL KOREAN_CLASS SCREENSHOTS

Screenshots are left for people to look at.
"""
import pathlib
import sys

from playwright.sync_api import sync_playwright

summary, tracked, korean, shots = sys.argv[1:]
shots = pathlib.Path(shots)
shots.mkdir(parents=True, exist_ok=True)
SIZES = {"laptop": (1280, 900), "phone": (390, 844)}

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    for name, (width, height) in SIZES.items():
        for scheme in ["light", "dark"]:
            page = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme).new_page()
            complaints, requests = [], []
            page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", lambda request: requests.append(request.url))
            page.goto(pathlib.Path(summary).resolve().as_uri())
            page.wait_for_timeout(500)
            assert korean in page.content()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"wider than a {name}"
            assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
            page.screenshot(path=shots / f"summary-{name}-{scheme}.png", full_page=True)
            assert complaints == [] and all(url.startswith(("data:", "file:")) for url in requests), (complaints, requests)
            page.context.close()

    page = browser.new_page(viewport={"width": 1400, "height": 1100})
    # A large program, from a server with one worker, beside other work.
    page.set_default_timeout(180_000)
    page.goto(tracked, wait_until="commit")
    page.get_by_text("noisy_macro_f1").first.wait_for()
    page.wait_for_timeout(2000)
    page.screenshot(path=shots / "mlflow-run.png")
    page.goto(tracked + "/artifacts", wait_until="commit")
    page.get_by_text("curves.png").first.click()
    page.locator("img[src*='curves'], img[src^='blob:']").first.wait_for()
    page.wait_for_timeout(2000)
    page.screenshot(path=shots / "mlflow-artifacts.png")
    browser.close()
print(f"pages: the run's summary and MLflow's in Chromium; screenshots in {shots}")
