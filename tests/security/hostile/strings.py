"""Texts that have broken other programs. Each contains a mark, by which a leak is found."""

MARK = "pintassilgo"  # a word that no log message uses

# Markup and code, for places that forget to escape text.
MARKUP = [
    "<script>window.harmed=1</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=window.harmed=1>",
    "<img src=x onerror=&#119;indow.harmed=1>",
    "<svg onload=window.harmed=1>",
    "<svg><script>window.harmed=1</script></svg>",
    "<svg/onload=window.harmed=1//",
    "<svg><animate onbegin=window.harmed=1 attributeName=x dur=1s>",
    "<body onload=window.harmed=1>",
    "<iframe src=javascript:parent.harmed=1></iframe>",
    "<iframe srcdoc='<script>parent.harmed=1</script>'></iframe>",
    "<object data=javascript:window.harmed=1></object>",
    "<embed src=javascript:window.harmed=1>",
    "<a href=javascript:window.harmed=1>x</a>",
    "<a href='java\tscript:window.harmed=1'>x</a>",
    "<a href='&#106;avascript:window.harmed=1'>x</a>",
    "<a href=data:text/html,<script>window.harmed=1</script>>x</a>",
    "<details open ontoggle=window.harmed=1>",
    "<input autofocus onfocus=window.harmed=1>",
    "<video><source onerror=window.harmed=1></video>",
    "<audio src=x onerror=window.harmed=1>",
    "<marquee onstart=window.harmed=1>",
    "<math><mtext><script>window.harmed=1</script></mtext></math>",
    "<style>*{display:none}</style>",
    "<style>@import '//evil.example/x.css'</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'>",
    "<base href=//evil.example/>",
    "<form action=//evil.example/><button>x</button></form>",
    "<template><script>window.harmed=1</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=window.harmed=1>'>",
    "<!--<img src='--><img src=x onerror=window.harmed=1>'>",
    "<![CDATA[<script>window.harmed=1</script>]]>",
    "<?xml version='1.0'?><x onclick=window.harmed=1/>",
    "</textarea><script>window.harmed=1</script>",
    "</title><script>window.harmed=1</script>",
    "</script><script>window.harmed=1</script>",
    '"><script>window.harmed=1</script>',
    "' autofocus onfocus=window.harmed=1 x='",
    '" style=position:fixed;inset:0 x="',
    "`-window.harmed=1-`",
    "${window.harmed=1}",
    "{{constructor.constructor('window.harmed=1')()}}",
    "{% debug %}{{ settings.SECRET_KEY }}",
    "<%= system('id') %>",
    "#{7*7}",
    "&lt;script&gt;window.harmed=1&lt;/script&gt;",
    "&#60;script&#62;window.harmed=1&#60;/script&#62;",
    "\\u003cscript\\u003ewindow.harmed=1\\u003c/script\\u003e",
    "%3Cscript%3Ewindow.harmed=1%3C/script%3E",
    "\uff1cscript\uff1ewindow.harmed=1\uff1c/script\uff1e",
    "<scr\u200bipt>window.harmed=1</scr\u200bipt>",
    "<<script>script>window.harmed=1<</script>/script>",
    "<div id=app></div><div id=root name=store></div>",
    "<img name=getElementById><form name=body>",
    "[x](javascript:window.harmed=1)",
    "![x](https://evil.example/x.png)",
    "[x]: javascript:window.harmed=1",
    "<javascript:window.harmed=1>",
    "**x** _x_ `x` # x\n> x\n\n```html\n<script>window.harmed=1</script>\n```",
]

# Shell and SQL commands.
COMMANDS = [
    "'; DROP TABLE chat_message; --",
    "' OR '1'='1",
    "1; SELECT pg_sleep(10)",
    "%s%s%s%n%n%n%x%p",
    "%(field)s %(password)s",
    "{0.__class__.__mro__}",
    "{}{}{0}{name!r:>1000000}",
    "$(id) `id` ; id | id && id",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "file:///etc/passwd",
    "http://169.254.169.254/latest/meta-data/",
    "*) (uid=*))(|(uid=*",
    "\r\nSet-Cookie: a=b\r\n\r\nHTTP/1.1 200 OK",
    "=cmd|'/C calc'!A0",
    "__proto__",
    "constructor",
    "\\x00\\u0000\\0",
]

# Forged log lines and terminal control sequences.
LINES = [
    '\n{"level":"critical","event":"all_is_lost"}',
    '\r\n{"level":"critical","event":"all_is_lost"}',
    "\u2028all_is_lost level=critical\u2029",
    "\x85all_is_lost",
    "\x0b\x0call_is_lost",
    "\x1b[2J\x1b[1;1Hall_is_lost",
    "\x1b]0;all_is_lost\x07",
    "\x9b31mall_is_lost",
    "\u202eall_is_lost\u202c",
    "\u2066all_is_lost\u2069",
]

# Unusual but legitimate text.
STRANGE = [
    "\ufdfa" * 4_000,
    "a" + "\u0301" * 5_000,
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f" * 200,
    "\u202e\u202d\u2066\u2067" * 50 + "x",
    "\u2800" * 40,
    "\u200b\u200c\u200d\ufeff",
    "\U000e0041\U000e0042\U000e007f",
    "\ufff9\ufffa\ufffb\uffff",
    "\U0010ffff" * 100,
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 100,
    "\u1e9e\u0130\u0131\ufb03\u0149\u01f0\u1f88",
    "\u0b95\u0bcd\u0bb7\u0bcd\u0bb0\u0bc0",
    "\ud7a3\u1100\u1161\u11a8" * 300,
    "\x7f\x80\x9f\x01\x02",
    "\x00",
    " \t\n\r\x0b\u3000\u00a0",
    "x" * 4_000,
    "x" * 4_001,
    "\U0001f4a9" * 4_000,
    "\u00e9" * 9_000,
]

EVERYTHING = [*MARKUP, *COMMANDS, *LINES, *STRANGE]


def marked(text: str) -> str:
    """Add the mark to `text`."""
    return f"{MARK} {text}"
