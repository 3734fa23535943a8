"""Passwords that are tried first, and words that make none by themselves.

Words stand for themselves with any digits and signs around them, with digits for letters, and
repeated: `password` also refuses `P4ssw0rd2024!!` and `passwordpassword`. `COMMON` are the longer
ones that are no such word.
"""

_WORDS = """
password passwort passwd pass passphrase passcode motdepasse contrasena contraseña senha parola
wachtwoord haslo heslo salasana lozinka sifre kennwort passw0rd passwordone mypassword
yourpassword thepassword newpassword oldpassword nopassword changeme changeit changethis
changemenow pleasechangeme secret secrets mysecret topsecret supersecret verysecret secretkey
letmein letmeinnow letmeinplease welcome welcomehome welcomeback welcometo hello helloworld
hellohello hellokitty goodbye admin administrator adminadmin administrador sysadmin sysadm root
rootroot toor superuser superadmin supervisor user username useruser guest guestguest demo
demouser demodemo test testtest testing tester testuser testpassword testpass testme temp
temppassword temporary default defaultpassword login loginlogin signin logmein access master
mastermaster masterkey masterpassword server computer internet network system security secure
private backup database oracle mysql postgres postgresql mongodb redis docker kubernetes jenkins
gitlab github google facebook instagram twitter youtube amazon microsoft windows linux ubuntu
debian apple samsung android iphone macintosh nokia flowstudio workflow workflows openai chatgpt
openrouter azerty azertyuiop qwerty qwertyui qwertyuiop qwertyqwerty qwertz qwertzuiop asdf
asdfasdf asdfgh asdfghjkl asdfghjklz zxcvbn zxcvbnm zxcvbnmzxcvbnm qazwsx qazwsxedc qazwsxedcrfv
zaqwsx zaqxsw zaqxswcde wsxedc qweasd qweasdzxc qweqweqwe qwer qweqwe qwerasdf qwerasdfzxcv
qwertyasdfgh asdzxc zxcasdqwe poiuytrewq lkjhgfdsa mnbvcxz iloveyou iloveyouso iloveyoutoo iloveme
ilovemyself iloveyoubaby iloveu ilovegod ilovejesus ilovemom ilovemyfamily ilovemydog ilovemycat
iloveyouforever loveyou loveme lovelove lovely forever foreverlove foreveryoung princess sunshine
sunshineday mysunshine football baseball basketball softball volleyball soccer hockey tennis golf
cricket rugby superman batman spiderman ironman starwars startrek pokemon pikachu matrix minecraft
fortnite roblox nintendo playstation xbox monkey dragon dragonball shadow mustang michael jennifer
jordan hunter ranger harley thomas robert daniel joshua jessica ashley nicole charlie andrew
michelle matthew anthony william elizabeth alexander alexandra christopher christian christina
benjamin samantha victoria patricia maggie ginger pepper cookie buster tigger bailey chelsea
liverpool liverpoolfc arsenal manchester manchesterunited barcelona realmadrid juventus chelseafc
yankees cowboys steelers lakers eagles redsox ferrari porsche mercedes corvette yamaha honda
toyota jesus jesuschrist jesusislord blessed blessing heaven angel angels angelangel butterfly
butterflies flower flowers rainbow purple orange yellow silver golden diamond diamonds crystal
summer winter spring autumn january february march april june july august september october
november december monday tuesday wednesday thursday friday saturday sunday trustno trustnoone
trustnobody whatever whatsup nothing something anything everything nobody somebody computers
keyboard killer killers thunder phoenix merlin wizard gandalf frodo hobbit mordor hogwarts
harrypotter voldemort dumbledore gryffindor slytherin hermione metallica slipknot nirvana eminem
tupac blink linkinpark greenday beatles thebeatles rockandroll rocknroll guitar music musicislife
chocolate strawberry blueberry banana pineapple watermelon coffee cheese pizza hamburger babygirl
babyboy mybaby sweetheart sweetie honey honeybunny darling beautiful gorgeous handsome friend
friends bestfriend bestfriends family myfamily mother father daddy mommy sister brother freedom
liberty america american england france germany deutschland london paris berlin madrid newyork
newyorkcity california texas florida chicago boston sydney australia canada mexico brasil brazil
india pakistan russia moscow nigeria turkey istanbul galatasaray fenerbahce besiktas hallo
hallohallo schatz schatzi sommer sonne sonnenschein fussball fußball bonjour soleil doudou
chouchou loulou jetaime monamour teamo tequiero tequieromucho miamor amor amorcito corazon
princesa estrella bonita hermosa mariposa ciaociao amoremio tiamo napoli forzanapoli forzajuve
principessa abc abcd abcde abcdef abcdefg abcdefgh abcabc aaabbb abcdabcd ninja ninjas pirate
samurai monster monsters genius hacker hackers hackme unknown mystery magic magical fantasy
destiny infinity eternity universe galaxy jupiter saturn mercury pluto cowboy cowgirl warrior
warriors soldier marine marines airforce army navy police firefighter fireman doctor nurse teacher
student school college university company business enterprise office manager marketing sales
accounting finance support helpdesk service services staff employee
"""

_COMMON = """
1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc
zaq12wsxcde3 zaq1xsw2cde3 zaq1zaq1zaq1 q1w2e3r4t5y6 q1w2e3r4t5y6u7 qwe123qwe123 123qwe123qwe
123qweasdzxc qweasdzxc123 1qaz1qaz1qaz 1qaz2wsx1qaz2wsx !qaz2wsx#edc !qaz@wsx#edc a1b2c3d4e5f6
a1s2d3f4g5h6 abc123abc123 123abc123abc abcd1234abcd abcd1234efgh aa123456789 asd123asd123
1234qwerasdf 1234qwer1234 1234abcd1234 123456qwerty qwerty123456 123456abcdef abcdef123456
1q2w3e4r1q2w 1a2b3c4d5e6f 0987654321qwerty 147258369147 147258369000 789456123789 741852963741
159753159753 753951753951 112233445566 111222333444 121212121212 123123123123 123321123321
100200300400 010203040506 102030405060 998877665544 314159265358 271828182845 161803398874
correcthorsebatterystaple correct-horse-battery-staple iloveyou3000 ihateyou1234 ihatepasswords
idontknow1234 idontremember idontcare123 ichliebedich icantremember iforgotmypassword
forgotpassword forgotmypassword rememberme123 thisismypassword thisisapassword thisisasecret
thisispassword thispassword mypasswordis mypasswordis123 notapassword notmypassword nopasswordhere
passwordispassword passwordsecret secretpassword secretsecret password1password passwordpassword1
password123password password12password12 adminpassword administrator1 rootpassword userpassword
defaultadmin admin123admin admin1234admin changemeplease changemeasap pleaseletmein openthedoor
opensesame opensesame123 whatsthepassword whatpassword youshallnotpass maytheforcebewithyou
maytheforce4 livelongandprosper winteriscoming winteriscoming1 letitbeletitbe letitgoletitgo
hakunamatata hakunamatata1 supercalifragilisticexpialidocious donttrustanyone trustnoone123
trustnobody1 neverforget123 neverforgetme neversaynever liveyourlife livelaughlove carpediem123
carpediemcarpediem todayisagoodday happybirthday merrychristmas happynewyear happyhappy123
jesuslovesme jesussaves123 godisgood1234 godisgreat123 inshallah1234 allahuakbar123 bismillah1234
bismillah786 praisethelord hailmary1234 thequickbrownfox thequickbrownfoxjumps loremipsum123
loremipsumdolor loremipsumdolorsitamet twinkletwinkle mickeymouse123 donaldduck123 spongebob1234
tomandjerry12 scoobydoo1234 batmanandrobin imthebest1234 iamthebest123 iamironman123 iamlegend1234
theavengers12 gameofthrones gameofthrones1 lordoftherings thelordoftherings harrypotter123
starwars12345 callofduty1234 grandtheftauto worldofwarcraft leagueoflegends counterstrike
clashofclans
"""

WORDS = frozenset(_WORDS.split())
COMMON = frozenset(_COMMON.split())
