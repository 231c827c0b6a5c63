// A mail server of npm's smtp-server: node smtp_server.js FOLDER (starttls|implicit|plain) MECHANISM
// Prints its port, then one line of JSON for each log-in and each mail. FOLDER has key.pem and cert.pem.
const fs = require("fs");
const path = require("path");
const { SMTPServer } = require("smtp-server");

const [folder, mode, mechanism] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));

const server = new SMTPServer({
  secure: mode === "implicit",
  hideSTARTTLS: mode === "plain",
  allowInsecureAuth: mode === "plain",
  authOptional: true,
  authMethods: [mechanism],
  key: fs.readFileSync(path.join(folder, "key.pem")),
  cert: fs.readFileSync(path.join(folder, "cert.pem")),
  onAuth(auth, session, done) {
    const known = auth.username === "user" &&
      (auth.method === "CRAM-MD5" ? auth.validatePassword("secret") : auth.password === "secret");
    say({ auth: auth.method, known, secure: session.secure });
    done(known ? null : new Error("not known here"), known ? { user: "user" } : undefined);
  },
  onData(stream, session, done) {
    let text = "";
    stream.on("data", (part) => (text += part));
    stream.on("end", () => {
      const { mailFrom, rcptTo } = session.envelope;
      say({ from: mailFrom.address, to: rcptTo.map((one) => one.address), user: session.user, secure: session.secure, text });
      done();
    });
  },
});
server.on("error", () => {}); // a client that goes away
server.listen(0, "127.0.0.1", () => say({ port: server.server.address().port }));
