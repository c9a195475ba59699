"""
The page, and its files.
"""

from pathlib import Path

import gossip.page
from gossip.control import answers, pages
from gossip.control.pages import File, Pages, below, packaged
from tests.control.asking import House, HouseCase

FILES = {
    "index.html": File.of("index.html", b"<!doctype html>"),
    "main.js": File.of("main.js", b"export {};"),
    "vendor/x.min.css": File.of("vendor/x.min.css", b"a{}"),
    "LICENSE": File.of("LICENSE", b"free"),
}


class PagesTests(HouseCase):
    """What a browser shows."""

    def door(self) -> House:
        """A house with a page."""
        return self.house(more=[Pages(FILES)])

    def test_page(self) -> None:
        """It is HTML, for any fragment or query of its own."""
        for path in ("/", "/?x=1"):
            found = self.door().ask("GET", path)
            self.assertEqual((200, b"<!doctype html>"), (found.status, found.content))
            self.assertEqual("text/html; charset=utf-8", found.headers["content-type"])

    def test_files(self) -> None:
        """Each is what its name says, whatever the machine thinks of that."""
        for path, kind in (
            ("main.js", "text/javascript; charset=utf-8"),
            ("vendor/x.min.css", "text/css; charset=utf-8"),
            ("LICENSE", "application/octet-stream"),
        ):
            found = self.door().ask("GET", f"/static/{path}")
            self.assertEqual((200, kind), (found.status, found.headers["content-type"]))
            self.assertEqual(FILES[path].content, found.content)

    def test_again(self) -> None:
        """What a browser has it is not sent once more, and it asks each time."""
        house = self.door()
        for path in ("/", "/static/main.js"):
            found = house.ask("GET", path)
            self.assertEqual("no-cache", found.headers["cache-control"])
            tag = found.headers["etag"]
            for has in (tag, f"W/{tag}", f'"x", {tag}', f'{tag},"y"', "*"):
                again = house.ask("GET", path, None, {"If-None-Match": has})
                self.assertEqual((304, b""), (again.status, again.content), has)
                self.assertEqual((tag, "no-cache"), (again.headers["etag"], "no-cache"))
                self.assertEqual("DENY", again.headers["x-frame-options"])
            for has in ("", '"x"', tag.strip('"'), tag[:-2]):
                self.assertEqual(200, house.ask("GET", path, None, {"If-None-Match": has}).status)

    def test_head_and_other_methods(self) -> None:
        """HEAD is GET without the body; nothing can be put there."""
        house = self.door()
        for path in ("/", "/static/main.js"):
            get, head = house.ask("GET", path), house.ask("HEAD", path)
            self.assertEqual((get.headers, b""), (head.headers, head.content))
            for method in ("POST", "PUT", "DELETE"):
                found = house.ask(method, path)
                self.assertEqual(
                    (405, "GET, HEAD, OPTIONS"), (found.status, found.headers["allow"])
                )

    def test_what_is_not_there(self) -> None:
        """Names are looked up, and lead nowhere else."""
        house = self.door()
        for name in (
            *("", "nothing", "index.html/", "main.js/", "/main.js", "vendor", "vendor/", "Main.js"),
            *("../pages.py", "..%2fpages.py", "%2e%2e/pages.py", "%2e%2e%2fpages.py", "./main.js"),
            *("vendor/../main.js", "vendor%2fx.min.css", "..\\pages.py", "..%5cpages.py"),
            *("main.js%00", "%00", "main.js%00.png", "%FF", "main.js;x", "main.js%0d%0aX:y"),
            *("/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "C:/x"),
        ):
            found = house.ask("GET", f"/static/{name}")
            self.assertEqual((404, "no-such-route"), (found.status, found.kind), name)
        self.assertEqual(400, house.ask("GET", "/static/main.js?v=1").status)

    def test_where_there_is_no_page(self) -> None:
        """The control socket has none."""
        for path in ("/", "/static/main.js"):
            self.assertEqual(404, self.house().ask("GET", path).status)


class PackagedTests(HouseCase):
    """What is in the package."""

    def test_all_of_it(self) -> None:
        """Each file, also those in directories, and nothing hidden."""
        root = Path(gossip.page.__file__).parent / "static"
        expected = {
            str(path.relative_to(root))
            for path in root.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }
        found = packaged()
        self.assertEqual(expected, set(found))
        self.assertIn(pages.INDEX, found)
        for name, file in found.items():
            self.assertEqual((root / name).read_bytes(), file.content)

    def test_what_is_hidden(self) -> None:
        """An editor's files are not shown, nor what is in such a directory."""
        root = Path(self.mktemp())
        for name in ("a.js", ".a.js.swp", ".git/config", "b/c.css", "b/.d"):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        self.assertEqual({"a.js", "b/c.css"}, set(below(root)))

    def test_nothing_is_inline(self) -> None:
        """The browser would not run it, nor show it as it was meant."""
        policy = answers.HEADERS["Content-Security-Policy"]
        self.assertNotIn("unsafe", policy)
        for name, file in packaged().items():
            if name.endswith(".html"):
                for inline in (b"<style", b" style=", b" onclick=", b" onload=", b"javascript:"):
                    self.assertNotIn(inline, file.content, name)
                self.assertNotRegex(file.content.decode(), r"<script[^>]*>\s*[^<\s]")

    def test_tags(self) -> None:
        """Another content has another one."""
        self.assertNotEqual(File.of("a", b"1").tag, File.of("a", b"2").tag)
