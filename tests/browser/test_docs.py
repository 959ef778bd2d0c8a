"""The API's documentation in a real browser, under our content security policy."""


def test_documentation_renders_with_nothing_blocked_and_nothing_from_outside(visit, huajia_official):
    reader = visit(huajia_official)
    reader.go("/api/v1/docs/").locator(".opblock").first.wait_for()
    reader.watch.quiet()
