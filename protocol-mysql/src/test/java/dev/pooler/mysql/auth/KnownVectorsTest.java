package dev.pooler.mysql.auth;

import static dev.pooler.mysql.auth.Wire.ascii;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What servers and drivers publish of these methods. */
class KnownVectorsTest {
  private static final HexFormat HEX = HexFormat.of();

  /** go-sql-driver, TestAuthFastNativePassword. */
  @Test
  void nativePasswordAsInTheGoDriver() {
    Nonce nonce = nonce("46725c5e01260b743f7217657e671a5f51111815");
    byte[] response = NativePassword.respond(ascii("secret"), nonce);
    assertEquals("35b18c9ffbbd7f356dfcac32d3c0f0a41a30cf2d", HEX.formatHex(response));
    assertTrue(NativePassword.proves(response, NativePassword.stored(ascii("secret")), nonce));
    assertFalse(NativePassword.proves(response, NativePassword.stored(ascii("Secret")), nonce));
  }

  /** MySQL 5.7 manual, "Password Hashing in MySQL", and SELECT PASSWORD('…') of any server. */
  @ParameterizedTest
  @CsvSource({
    "password, 2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
    "mypass, 6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4",
    "secret, 14E65567ABDB5135D0CFD9A70B3032C179A49EE7"
  })
  void nativePasswordAsServersStoreIt(String password, String stored) {
    assertEquals(stored, HEX.withUpperCase().formatHex(NativePassword.stored(ascii(password))));
  }

  /** go-sql-driver, TestScrambleSHA256Pass and TestAuthFastCachingSHA256PasswordCached. */
  @ParameterizedTest
  @CsvSource({
    "secret, 0a2f4a6f4b492230584c724a250d035052021715,"
        + " f490e76f66d9d86665ce54d98c78d0acfe2fb0b08b423da807144873d30b312c",
    "secret2, 0a2f4a6f4b492230584c724a250d035052021715,"
        + " abc3934a012cf342e876071c8ee202de51785b430258a7a0138bc79c4d800bc6",
    "secret, 5a694a7e1e3025380317737f45162954207b2b76,"
        + " 662005238fa18cf1abe8388b2b0e6bc4f9aa933cdccc78b2d60fb8961a3d39eb"
  })
  void cachingSha2AsInTheGoDriver(String password, String nonce, String response) {
    byte[] own = CachingSha2.respond(ascii(password), nonce(nonce));
    assertEquals(response, HEX.formatHex(own));
    byte[] digest = CachingSha2.digest(ascii(password));
    assertTrue(CachingSha2.proves(own, digest, nonce(nonce)));
    own[31] ^= 1;
    assertFalse(CachingSha2.proves(own, digest, nonce(nonce)));
  }

  /** MySQL 9.7, sha2_password-t.cc, generate_fast_digest. */
  @Test
  void cachingSha2sDigestAsInMySql() {
    assertEquals(
        "003c2068b36bc9b71875b3387d2f86f9e33ab383116bd957f173469b1f38f2df",
        HEX.formatHex(CachingSha2.digest(ascii("HahaH0hO1234#$@#%"))));
  }

  private static final String[] PASSWORDS = {
    "HahaH0hO1234#$@#%", ";bCdEF34^i9&*\":({\\56\"", " CQ#$ML CF%IF$#(<#R ()<_q@#(rq"
  };
  private static final String[] SALTS = {
    "AbCd!@#\tEfgH%^&*01@#", "CVlq))+AC>Q)#4!@# x!", "X#y)+q x2cx3,qr2##3\t"
  };

  /** MySQL 9.7, sha2_password-t.cc, authenticate_fast_authenticate. */
  @Test
  void shaCryptAsInMySql() {
    String[] digests = {
      "dNFegEa4OGDrnEu7M4T.nkmm794xI/QoCR3Z.xpLOW6",
      "SPMN/L8.noKqe8IXVZ2DpCE6w29b106vCQecap9JKpA",
      "rP8Jn8Mtp6XCMx1QjSDA8NSalfVMSBNMIr2yqcEi6Q8"
    };
    for (int i = 0; i < digests.length; i++) {
      byte[] digest = ShaCrypt.digest(ascii(PASSWORDS[i]), ascii(SALTS[i]), 5000);
      assertEquals(digests[i], new String(digest, StandardCharsets.ISO_8859_1));
      StoredHash stored = StoredHash.parse(ascii("$A$005$" + SALTS[i] + digests[i]));
      assertTrue(stored.matches(ascii(PASSWORDS[i])));
      assertFalse(stored.matches(ascii(PASSWORDS[i] + " ")));
    }
  }

  /** As crypt(3) of glibc and "openssl passwd -5" say. */
  @ParameterizedTest
  @CsvSource({
    "Hello world!, saltstring, 5000, 5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
    "Hello world!, saltstringsaltst, 10000, 3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
    "This is just a test, toolongsaltstrin, 5000, Un/5jzAHMgOGZ5.mWJpuVolil07guHPvOW8mGRcvxa5"
  })
  void shaCryptAsInGlibc(String password, String salt, int rounds, String digest) {
    assertArrayEquals(ascii(digest), ShaCrypt.digest(ascii(password), ascii(salt), rounds));
  }

  /** MySQL 9.7, sha2_password-t.cc, authenticate_fast_authenticate_pbkdf2. */
  @Test
  void pbkdf2AsInMySql() {
    String[] digests = {
      "7d84a6c26a6fc3a96c7c7cca4ad87de1353963bed056fd48ee8c722bdeac6bbe"
          + "ab63342a73688f255d61783c8378b962e53bc699df0e6bf05d958d77a43d0259",
      "58bcb3cb9db81a661fa83dee2c6d8b92aa7ebe7cfb5ff1167d8bdd6601a679b4"
          + "b41ffc2b1be46e8f2980ab9e34c2352c9b92e0e8ac1d5d5fb674635030a0292f",
      "773071fdd85b698a9f40e7f33eb9cc4ee7d55ccafd3c508f2726430da9012d84"
          + "69a1755cab7387d3fab7d59c50367d2feccdf0cdfb1b65c9165ae433a3fca59f"
    };
    for (int i = 0; i < digests.length; i++) {
      String text = Base64.getEncoder().encodeToString(HEX.parseHex(digests[i]));
      StoredHash stored = StoredHash.parse(ascii("$B$00A$" + SALTS[i] + text));
      assertTrue(stored.matches(ascii(PASSWORDS[i])));
      assertFalse(stored.matches(ascii("x" + PASSWORDS[i])));
    }
  }

  /** MariaDB, ed25519-t.c. */
  @Test
  void ed25519AsInMariaDb() {
    byte[] key = Ed25519Password.publicKey(ascii("foobar"));
    assertEquals(
        "aafda61ba1d60aecb7d9295be71855e131d2b5ec0dcf65483553db824f97009f", HEX.formatHex(key));
    byte[] nonce = new byte[32];
    Arrays.fill(nonce, (byte) 'A');
    assertEquals(
        "e83dc93f433f33355649ee23aa7592d61a1123090884f58d3063423a24e43054"
            + "73febba858a2f93923554feea76a44753887ab2f140e854f0fe57ca0b0648a0e",
        HEX.formatHex(Ed25519Password.sign(ascii("foobar"), nonce)));
  }

  /** MariaDB's documentation, "Authentication Plugin - ed25519": PASSWORD('secret'). */
  @Test
  void ed25519AsServersStoreIt() {
    byte[] key = Ed25519Password.publicKey(ascii("secret"));
    assertEquals(
        "ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY",
        Base64.getEncoder().withoutPadding().encodeToString(key));
  }

  /** Where the password happens to be as long as a private key, the JDK can do it too. */
  @Test
  void ed25519AgreesWithTheJdk() throws Exception {
    Random random = new Random(25519);
    for (int run = 0; run < 50; run++) {
      byte[] secret = new byte[32];
      random.nextBytes(secret);
      byte[] message = new byte[random.nextInt(100)];
      random.nextBytes(message);
      KeyFactory keys = KeyFactory.getInstance("Ed25519");
      PrivateKey key =
          keys.generatePrivate(new EdECPrivateKeySpec(NamedParameterSpec.ED25519, secret));
      Signature jdk = Signature.getInstance("Ed25519");
      jdk.initSign(key);
      jdk.update(message);
      assertArrayEquals(jdk.sign(), Ed25519Password.sign(secret, message));
    }
  }

  @Test
  void ed25519OfAnyLengthIsVerifiedByTheJdk() throws Exception {
    Random random = new Random(11);
    for (int length = 1; length < 90; length += 1 + random.nextInt(8)) {
      byte[] password = new byte[length];
      random.nextBytes(password);
      byte[] message = new byte[32];
      random.nextBytes(message);
      byte[] signature = Ed25519Password.sign(password, message);
      assertTrue(isSigned(Ed25519Password.publicKey(password), message, signature));
      message[random.nextInt(32)] ^= 1;
      assertFalse(isSigned(Ed25519Password.publicKey(password), message, signature));
    }
  }

  /** MariaDB 11.6's release notes: IDENTIFIED VIA PARSEC USING PASSWORD('MyPassword123!'). */
  @Test
  void parsecAsServersStoreIt() {
    byte[] salt = Base64.getDecoder().decode("lhXyNv1cIxpB8EnTxR7ON7S7");
    byte[] seed = Parsec.seed(ascii("MyPassword123!"), Wire.join(new byte[] {'P', 0}, salt));
    assertEquals(
        "1l3rWRW1/jw45yrvYXB8eh02wzk7lcJcz4CMcWw2b+8",
        Base64.getEncoder().withoutPadding().encodeToString(Ed25519Password.publicKey(seed)));
  }

  /** RFC 7914's kin: the widely published vector of PBKDF2-HMAC-SHA-512. */
  @Test
  void pbkdf2AsPublished() {
    assertEquals(
        "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
            + "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce",
        HEX.formatHex(Hashes.pbkdf2Sha512(ascii("password"), ascii("salt"), 1)));
  }

  @Test
  void rsaKeyAsServersSendIt() {
    // go-sql-driver's serverPubKey, without the packet's first byte.
    byte[] pem =
        ascii(
            """
            -----BEGIN PUBLIC KEY-----
            MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3HsxS5P/HaXPvm3m2ADn
            bu6GQfpSGo7h2gh81pmaxkCnDCwf6mmeH7LKhsnYnN4Q0cz1QE/bhdPu6js+VaY4
            CcMubPN1gOKaYvNcgEWptICi2XTttB7uh+vCMjLvjAMd6/DmxdbUB0zPGqDOgiLD
            KROO5qd7shb71R/XJEFvLxGXEF0ZthHeNo9fEvxFQomb1kZ9J8nBwte5SF5YlqV2
            BB5qlaz+3QSNvmC1iWfljXbY5k3/a6mkM/LaWhauN5PR3sCx5Uu1MfdsVik5fXMM
            dxkfF+X3chkAnwI3Fuww2WGmWOGbKtmIeUm3bIRmdFUqalQiFhqeZ2ikjhgVI9pL
            wQIDAQAB
            -----END PUBLIC KEY-----
            """);
    RSAPublicKey key = RsaPassword.readPem(pem);
    assertNotNull(key);
    assertEquals(2048, key.getModulus().bitLength());
    assertArrayEquals(pem, RsaPassword.writePem(key));
    assertTrue(RsaPassword.holds(key, new byte[213]));
    assertFalse(RsaPassword.holds(key, new byte[214]));
  }

  static boolean isSigned(byte[] publicKey, byte[] message, byte[] signature) throws Exception {
    byte[] y = publicKey.clone();
    boolean odd = y[31] < 0;
    y[31] &= 0x7f;
    BigInteger number = Edwards25519.number(y);
    Signature jdk = Signature.getInstance("Ed25519");
    jdk.initVerify(
        KeyFactory.getInstance("Ed25519")
            .generatePublic(
                new EdECPublicKeySpec(NamedParameterSpec.ED25519, new EdECPoint(odd, number))));
    jdk.update(message);
    return jdk.verify(signature);
  }

  private static Nonce nonce(String hex) {
    Nonce nonce = Nonce.read(HEX.parseHex(hex));
    assertNotNull(nonce);
    return nonce;
  }
}
