"""A picture of a page as a small PNG: 256 colours are enough for it, and a quarter of the bytes."""

from __future__ import annotations

import base64
import struct
import zlib

from playwright.sync_api import Page

_MOST = 256
# In the browser, which is quick at it: the most frequent colours stay what they are, each other becomes the nearest.
_REDUCE = """
async ([encoded, most]) => {
  const image = await createImageBitmap(await (await fetch("data:image/png;base64," + encoded)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const colours = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, most).map(([colour]) => colour);
  const index = new Map(colours.map((colour, number) => [colour, number]));
  const nearest = (pixel) => {
    let [best, least] = [0, Infinity];
    for (let number = 0; number < colours.length; number++) {
      const colour = colours[number];
      let far = 0;
      for (const shift of [0, 8, 16]) far += (((pixel >> shift) & 255) - ((colour >> shift) & 255)) ** 2;
      if (far < least) [best, least] = [number, far];
    }
    return best;
  };
  let text = "";
  const rows = new Uint8Array(pixels.length);
  pixels.forEach((pixel, place) => {
    if (!index.has(pixel)) index.set(pixel, nearest(pixel));
    rows[place] = index.get(pixel);
  });
  for (let start = 0; start < rows.length; start += 32768) {
    text += String.fromCharCode(...rows.subarray(start, start + 32768));
  }
  return { width: image.width, height: image.height, colours, rows: btoa(text) };
}
"""


def reduced(page: Page, png: bytes) -> bytes:
    """The same picture with 256 colours (W3C "PNG", indexed colour). `page`: any, without a policy of its own."""
    made = page.evaluate(_REDUCE, [base64.b64encode(png).decode(), _MOST])
    width, height = made["width"], made["height"]
    indices = base64.b64decode(made["rows"])
    rows = b"".join(b"\0" + indices[start : start + width] for start in range(0, len(indices), width))
    colours = b"".join(struct.pack("<I", colour & 0xFFFFFFFF)[:3] for colour in made["colours"])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", colours), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
