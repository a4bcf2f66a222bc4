// A Node chat server as its tutorials write it: one INSERT a message, an inline regular expression,
// an emit to the room. Nothing survives a crash in between, and nothing is logged.
//
// npm ci && DATABASE_URL=postgres://… SECRET=… PORT=8000 node server.js

const crypto = require("node:crypto");
const http = require("node:http");
const { Pool } = require("pg");
const { Server } = require("socket.io");

const BAD_WORDS = /\b(foder|puta|caralho|buceta|viado|fuck|shit|cunt)\b/i;
const { DATABASE_URL, PORT, SECRET } = process.env;
const pool = new Pool({ connectionString: DATABASE_URL });

// A signed user id, `<id>.<hmac>`.
function userOf(token) {
  const [id, signature] = String(token).split(".");
  const expected = crypto.createHmac("sha256", SECRET).update(id).digest("hex");
  return signature === expected ? id : null;
}

async function main() {
  await pool.query(`CREATE TABLE IF NOT EXISTS message (
    id bigserial PRIMARY KEY, room text NOT NULL, author text NOT NULL, client_id text,
    content text NOT NULL, status text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`);
  const server = http.createServer((_request, response) => response.end("ok"));
  const io = new Server(server);

  io.use((socket, next) => {
    socket.data.user = userOf(socket.handshake.query.token);
    next(socket.data.user ? undefined : new Error("not authenticated"));
  });

  io.on("connection", (socket) => {
    const room = String(socket.handshake.query.room);
    const author = socket.data.user;
    socket.join(room);
    socket.emit("connection_established", { room });
    socket.on("chat_message", async ({ message: content, client_id }) => {
      const status = BAD_WORDS.test(content) ? "REJECTED" : "APPROVED";
      const stored = await pool.query(
        "INSERT INTO message (room, author, client_id, content, status) VALUES ($1, $2, $3, $4, $5) RETURNING id, created_at",
        [room, author, client_id, content, status],
      );
      const message = { ...stored.rows[0], room, client_id, author: { id: author }, content, status };
      socket.emit("message_queued", { message });
      if (status === "APPROVED") io.to(room).emit("message_shown", { message });
      else socket.emit("message_rejected", { message });
    });
  });

  server.listen(Number(PORT), "127.0.0.1");
}

main();
